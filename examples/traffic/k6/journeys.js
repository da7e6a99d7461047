// The journeys of the system file, as k6 performs them.
import http from 'k6/http';
import { journey, scenarios } from './blastgauge.js';

export const options = { scenarios: scenarios(), systemTags: ['scenario'] };

export const visit = journey('visit', ({ url, headers, step }) => {
  step('visit', (timeout) => http.get(`${url}/visit`, { headers, timeout }));
});

export const checkout = journey('checkout', ({ url, headers, step }) => {
  step('cart', (timeout) => http.post(`${url}/carts`, '{"sku": "tea"}', { headers, timeout }));
  step('pay', (timeout) => http.post(`${url}/pay`, '{"amount": 5}', { headers, timeout }), (answer) => answer.json('total') === 5);
});
