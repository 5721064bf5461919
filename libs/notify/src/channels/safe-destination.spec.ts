import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret } from '#contracts';
import { kindOfAddress } from './address-rules.js';
import { parseWebhookUrl, safeAddresses } from './safe-destination.js';

describe('the kind of an address', () => {
  it.each([
    ['93.184.216.34', 'public'],
    ['2606:2800:220:1::1', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12::1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['0.0.0.0', 'forbidden'],
    ['::', 'forbidden'],
    ['169.254.169.254', 'forbidden'],
    ['169.254.0.1', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['FD00:0EC2:0:0::254', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['febf::1', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['239.255.255.255', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['ff02::1', 'forbidden'],
    // IPv4 in IPv6 clothes
    ['::ffff:169.254.169.254', 'forbidden'],
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', 'forbidden'],
    ['::a9fe:a9fe', 'forbidden'],
    ['64:ff9b::169.254.169.254', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2002:a9fe:a9fe::1', 'forbidden'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:8.8.8.8', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['::ffff:0.0.0.0', 'forbidden'],
    // No addresses
    ['localhost', 'forbidden'],
    ['', 'forbidden'],
    ['1.2.3', 'forbidden'],
  ])('%s is %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });
});

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
    safeAddresses(parseWebhookUrl(new Secret(url)), resolving(...addresses));

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
