import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { queueNames } from '#contracts';
import { ApiWorld } from '../support/api-world.js';
import { Browser } from '../support/browser.js';
import { findBrowser } from '../support/find-browser.js';

// The pages in a real browser, under their own policies: the login, the view of the queues, Swagger UI. Where there is none, and none can be installed, they are left out.

jest.setTimeout(180_000);

const program = await findBrowser(process.env);
const inBrowser = program === undefined ? it.skip : it;
/** A name that is not this machine's to the browser: there it does not say where a form was but by its origin. */
const name = 'backups.example';
let world: ApiWorld;
let browser: Browser;

beforeAll(async () => {
  if (program === undefined) return;
  world = await ApiWorld.start({ environment: { QUEUES_UI_ENABLED: 'true', SWAGGER_ENABLED: 'login' } });
  browser = await Browser.start(program, [name]);
});
afterAll(async () => {
  if (program === undefined) return;
  await browser.close();
  await world.close();
});

async function logIn(base: string, area: string): Promise<void> {
  await browser.open(`${base}/${area}`);
  await browser.until(`document.querySelector('textarea[name=token]')`, 'the form');
  await keep(`${area}-login`);
  const token = JSON.stringify(world.token('admin'));
  await browser.evaluate(
    `document.querySelector('textarea[name=token]').value = ${token};
     document.querySelector('textarea[name=token]').form.requestSubmit()`,
  );
  await browser.until(`!location.pathname.endsWith('/login') && document.readyState === 'complete'`, 'the page');
}

/** For people: HAZINA_SCREENSHOTS=FOLDER. */
async function keep(page: string): Promise<void> {
  const folder = process.env['HAZINA_SCREENSHOTS'];
  if (folder !== undefined) await browser.screenshot(join(folder, `${page}.png`));
}

inBrowser('the view of the queues shows every queue, and its own policy refuses nothing', async () => {
  await logIn(world.url, 'queues');
  for (const queue of queueNames) await browser.until(`document.body.innerText.includes('${queue}')`, queue);
  await keep('queues');
  await browser.open(`${world.url}/queues/queue/backup`);
  await browser.until(`/completed/i.test(document.body.innerText)`, 'the states of a queue');
  await keep('queue');
  expect(browser.troubles).toEqual([]);
});

inBrowser('Swagger UI shows every operation, takes a token and sends a request', async () => {
  await logIn(world.url, 'docs');
  await browser.until(`document.querySelectorAll('.opblock').length > 30`, 'the operations');
  await keep('docs');
  await browser.evaluate(`document.querySelector('.auth-wrapper .authorize').click()`);
  await browser.until(`document.querySelector('.auth-container input')`, 'the field for the token');
  const token = JSON.stringify(world.token('viewer'));
  // As a person types: React listens to the setter of the element, not to that of the instance.
  await browser.evaluate(
    `{ const field = document.querySelector('.auth-container input');
       Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, ${token});
       field.dispatchEvent(new Event('input', { bubbles: true })); }`,
  );
  await browser.evaluate(`document.querySelector('.auth-btn-wrapper .authorize').click()`);
  await browser.until(`document.querySelector('.auth-btn-wrapper .btn-done')`, 'the end of the dialog');
  await browser.evaluate(`document.querySelector('.auth-btn-wrapper .btn-done').click()`);
  await browser.evaluate(`document.querySelector('#operations-targets-listTargets .opblock-summary-control').click()`);
  // The button is there before the operation is known in full, and would then ask for one that does not exist.
  await browser.until(
    `['.execute', '.responses-table .response'].every((part) => document.querySelector('#operations-targets-listTargets ' + part)) &&
       !document.querySelector('#operations-targets-listTargets .opblock-loading-animation')`,
    'the button, and what the operation replies',
  );
  await browser.evaluate(`document.querySelector('#operations-targets-listTargets .execute').click()`);
  await browser.until(
    `document.querySelector('#operations-targets-listTargets .live-responses-table .response .response-col_status')?.innerText.startsWith('200')`,
    'the reply',
  );
  await browser.evaluate(`document.querySelector('#operations-targets-listTargets').scrollIntoView()`);
  await keep('docs-reply');
  expect(browser.troubles).toEqual([]);
});

inBrowser('the form of the login works by plain HTTP under a name, where a browser tells but its origin', async () => {
  await logIn(`http://${name}:${new URL(world.url).port}`, 'queues');
  await browser.until(`document.body.innerText.includes('${queueNames[0]}')`, 'the queues');
});
