import { describe, expect, it } from '@jest/globals';
import { harmless } from './harmless.js';
import { secretsIn, secretsInUrl } from './secrets-in.js';

const url = new URL('https://user:p%40ssword@hooks.example/services/T0k3nInPath/hook?key=qu%2Fery-t0k3n&b=2');

describe('of a URL', () => {
  it.each([
    ['a value of the query, as it is written', 'no key=qu%2Fery-t0k3n here'],
    ['a value of the query, as a server reads it', 'the key qu/ery-t0k3n is unknown'],
    ['a part of the path', 'no hook T0k3nInPath'],
    ['a password', 'user and p@ssword do not fit'],
    ['a header made of the login', `Authorization: Basic ${Buffer.from('user:p@ssword').toString('base64')}`],
    ['all of it', `cannot POST ${url.href}`],
  ])('%s is not told', (_what, said) => {
    const told = harmless(said, secretsInUrl(url));
    expect(told).toContain('[redacted]');
    expect(told).not.toMatch(/t0k3n|T0k3n|ssword|dXNlcjpw/);
  });

  it('short words stay', () =>
    expect(harmless('hook 2 says: month end', secretsInUrl(url))).toBe('hook 2 says: month end'));

  it('an address with a % that escapes nothing is taken as it is', () =>
    expect(harmless('got 100%-t0k3n', secretsInUrl(new URL('https://h.example/x?key=100%-t0k3n')))).toBe(
      'got [redacted]',
    ));
});

describe('of arguments', () => {
  const argv = ['/usr/bin/notify', '--token=arg-t0k3n', '--verbose-output', 'bare-t0k3n', '/srv/lock-file', 'x'];
  it.each([
    ['bad token arg-t0k3n', 'bad token [redacted]'],
    ['bare-t0k3n?', '[redacted]?'],
    ['unknown option --verbose-output', 'unknown option --verbose-output'],
    ['cannot open /srv/lock-file: x', 'cannot open /srv/lock-file: x'],
  ])('%s', (said, told) => expect(harmless(said, secretsIn(argv))).toBe(told));

  it('a long word with a digit in a line of a shell', () => {
    const shell = ['/bin/sh', '-c', "curl -H 'X-Token: 0123456789abcdef' https://ops.example/locks"];
    expect(harmless("+ curl -H 'X-Token: 0123456789abcdef' https://ops.example/locks", secretsIn(shell))).not.toMatch(
      /0123/,
    );
    expect(harmless('curl: could not resolve ops.example', secretsIn(shell))).toBe(
      'curl: could not resolve ops.example',
    );
  });
});
