// An SSE stream for each virtual user. Needs a k6 that was built with the extension xk6-sse.
import sse from 'k6/x/sse';

const clients = Number(__ENV.CLIENTS);
const seconds = Number(__ENV.SECONDS);

export const options = {
  scenarios: {
    sse: {
      executor: 'per-vu-iterations', vus: clients, iterations: 1, maxDuration: `${seconds + 60}s`, gracefulStop: '0s',
    },
  },
};

export default function () {
  sse.open(__ENV.URL, {}, (client) => {
    client.on('event', () => {});
  });
}
