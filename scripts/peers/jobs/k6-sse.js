// An SSE stream for each virtual user. Needs a k6 that was built with the extension xk6-sse.
import { Trend } from 'k6/metrics';
import sse from 'k6/x/sse';

// Asked for: the delivery latency of every event. Otherwise a handler gets every event, and does nothing with it.
const latency = __ENV.LATENCY === 'yes' ? new Trend('latency') : null;
const clients = Number(__ENV.CLIENTS);
const seconds = Number(__ENV.SECONDS);

export const options = {
  scenarios: {
    sse: {
      executor: 'per-vu-iterations', vus: clients, iterations: 1, maxDuration: `${seconds + 60}s`, gracefulStop: '0s',
    },
  },
};

function receive(text) {
  if (latency) latency.add(Date.now() - JSON.parse(text).at);
}

export default function () {
  sse.open(__ENV.URL, {}, (client) => {
    client.on('event', (event) => receive(event.data));
  });
}
