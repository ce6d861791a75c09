// A WebSocket for each virtual user; every event reaches a handler of the script.
import ws from 'k6/ws';

const clients = Number(__ENV.CLIENTS);
const seconds = Number(__ENV.SECONDS);

export const options = {
  scenarios: {
    websocket: {
      executor: 'per-vu-iterations', vus: clients, iterations: 1, maxDuration: `${seconds + 60}s`, gracefulStop: '0s',
    },
  },
};

export default function () {
  ws.connect(__ENV.URL, null, (socket) => {
    socket.on('message', () => {});
    socket.setTimeout(() => socket.close(), seconds * 1000);
  });
}
