// The bytes of an SSE stream for each virtual user, read and thrown away: k6 by itself knows no events of a stream.
import http from 'k6/http';

const clients = Number(__ENV.CLIENTS);
const seconds = Number(__ENV.SECONDS);

export const options = {
  scenarios: {
    bytes: {
      executor: 'per-vu-iterations', vus: clients, iterations: 1, maxDuration: `${seconds + 60}s`, gracefulStop: '0s',
    },
  },
};

export default function () {
  http.get(__ENV.URL, { responseType: 'none', timeout: `${seconds}s` });
}
