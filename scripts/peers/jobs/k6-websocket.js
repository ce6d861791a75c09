// A WebSocket for each virtual user; every event reaches a handler of the script.
import { Trend } from 'k6/metrics';
import ws from 'k6/ws';

// Asked for: the delivery latency of every event. Otherwise a handler gets every event, and does nothing with it.
const latency = __ENV.LATENCY === 'yes' ? new Trend('latency') : null;
const clients = Number(__ENV.CLIENTS);
const seconds = Number(__ENV.SECONDS);

export const options = {
  scenarios: {
    websocket: {
      executor: 'per-vu-iterations', vus: clients, iterations: 1, maxDuration: `${seconds + 60}s`, gracefulStop: '0s',
    },
  },
};

function receive(text) {
  if (latency) latency.add(Date.now() - JSON.parse(text).at);
}

export default function () {
  ws.connect(__ENV.URL, null, (socket) => {
    socket.on('message', receive);
    socket.setTimeout(() => socket.close(), seconds * 1000);
  });
}
