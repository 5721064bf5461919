import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret } from '#contracts';
import { parseWebhookUrl, webhookAddresses } from './safe-destination.js';

describe('a webhook URL', () => {
  it.each([
    'canary',
    'ftp://canary.example',
    'file:///etc/canary',
    'http://169.254.169.254/canary',
    'http://[::ffff:169.254.169.254]/canary',
    'http://2852039166/canary',
    'http://0xa9.0xfe.0xa9.0xfe/canary',
    'http://169.254.169.254./canary',
    'http://0/canary',
    'http://[::]/canary',
  ])('%s is refused without being shown', (url) => {
    let error: unknown;
    try {
      parseWebhookUrl(new Secret(url));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'config/invalid' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  });

  const resolving =
    (...addresses: string[]) =>
    () =>
      Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  const check = (url: string, ...addresses: string[]) =>
    webhookAddresses(parseWebhookUrl(new Secret(url)), resolving(...addresses));

  it.each([
    ['https://hooks.example', ['93.184.216.34']],
    ['http://alerts.svc.cluster.local', ['10.96.0.7', 'fd12::7']],
    ['http://localhost:9000', ['127.0.0.1', '::1']],
    ['http://sink.localhost', ['127.0.0.1']],
    ['http://127.0.0.1:9000', []],
    ['http://[::1]:9000', []],
    ['http://10.0.0.1', []],
  ])('%s may be reached', async (url, addresses) => {
    await expect(check(url, ...addresses)).resolves.not.toHaveLength(0);
  });

  it.each([
    ['one address of two is metadata', 'http://hooks.example', ['93.184.216.34', '169.254.169.254']],
    ['a mapped one', 'http://hooks.example', ['::ffff:169.254.169.254']],
    ['a name that leads to this machine', 'http://hooks.example', ['127.0.0.1']],
    ['a name that leads to this machine by IPv6', 'http://hooks.example', ['::ffff:127.0.0.1']],
    ['localhost that leads elsewhere', 'http://localhost', ['169.254.169.254']],
    ['link-local', 'http://printer.local', ['fe80::1']],
    ['unspecified', 'http://hooks.example', ['0.0.0.0']],
    ['no address', 'http://hooks.example', []],
  ])('is refused: %s', async (_what, url, addresses) => {
    await expect(check(url, ...addresses)).rejects.toMatchObject({ code: 'notify/failed', retry: 'retry' });
  });
});
