// GET /poll over as many connections as there are virtual users: as fast as may be, or RATE requests a second in all.
import http from 'k6/http';

const clients = Number(__ENV.CLIENTS);
const rate = Number(__ENV.RATE);
const duration = `${__ENV.SECONDS}s`;

const asFastAsMayBe = { executor: 'constant-vus', vus: clients, duration, gracefulStop: '0s' };
const paced = {
  executor: 'constant-arrival-rate', rate, timeUnit: '1s', preAllocatedVUs: clients, duration, gracefulStop: '0s',
};

export const options = { discardResponseBodies: true, scenarios: { polling: rate > 0 ? paced : asFastAsMayBe } };

export default function () {
  http.get(__ENV.URL);
}
