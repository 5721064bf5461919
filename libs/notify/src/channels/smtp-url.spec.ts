import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret } from '#contracts';
import { parseSmtpUrl } from './smtp-url.js';

const parse = (url: string) => parseSmtpUrl(new Secret(url));

describe('SMTP_URL', () => {
  it.each([
    ['smtp://mail.example', { host: 'mail.example', port: 587, secure: false, requireTls: false, login: undefined }],
    ['smtps://mail.example/', { port: 465, secure: true, requireTls: false }],
    ['smtp://u:p%40@mail.example:25', { port: 25, requireTls: true, login: { user: 'u', pass: 'p@' } }],
    ['smtp://u:p@10.0.0.1:25?requireTLS=false', { requireTls: false }],
    ['smtp://10.0.0.1:25?requireTLS=true', { requireTls: true, login: undefined }],
    ['smtp://u:p@localhost', { requireTls: false }],
    ['smtp://u:p@[::1]:25', { host: '::1', requireTls: false }],
    ['smtp://u:p@127.0.0.2', { requireTls: false }],
  ])('%s', (url, expected) => {
    expect(parse(url)).toMatchObject(expected);
  });

  it.each([
    'canary',
    'http://u:canary@h',
    'smtp://u:canary@h/box',
    'smtp://u:canary%@h',
    'smtp://u:canary@h?x=1',
    'smtp://u:canary@',
    'smtp://u:canary@169.254.169.254',
    'smtps://u:canary@[fd00:ec2::254]',
  ])('refuses %s without showing it', (url) => {
    let error: unknown;
    try {
      parse(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'config/invalid' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  });
});
