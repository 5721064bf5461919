import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { simpleParser, type ParsedMail } from 'mailparser';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { AppError, Secret } from '#contracts';
import { notification } from '../testing/notifications.js';
import { createEmailChannel, type EmailOptions } from './email.channel.js';

// The SMTP server is a real one, in this process.

const closers: (() => Promise<unknown>)[] = [];
// The server warns that everybody knows the key of its own certificate, which is what these tests want.
jest.spyOn(console, 'error').mockImplementation(() => undefined);

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const never = new AbortController().signal;

async function smtpServer(options: SMTPServerOptions = {}): Promise<{ port: number; mails: ParsedMail[] }> {
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    onData: (stream, _session, done) => {
      simpleParser(stream).then(
        (mail) => {
          mails.push(mail);
          done();
        },
        (error: unknown) => done(error as Error),
      );
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}

function channel(url: string, changes: Partial<EmailOptions> = {}) {
  const to = ['ops@example.org', 'night@example.org'];
  return createEmailChannel({ smtpUrl: new Secret(url), from: 'Hazina <hazina@example.org>', to, ...changes });
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`No AppError but ${inspect(error)}`);
  expect(error).toMatchObject({ code: 'notify/failed', stage: 'notify' });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  return error;
}

describe('the mail channel', () => {
  it('delivers what people need to know, as text and as HTML', async () => {
    const { port, mails } = await smtpServer();
    const message = 'dump: <b>refused</b> by mongodb://user:canary@db';
    await channel(`smtp://127.0.0.1:${port}`).send(notification({ message }), never);
    const [mail] = mails;
    expect(mail?.subject).toBe('[Hazina] backup failed: clinic');
    expect(mail?.from?.text).toBe('"Hazina" <hazina@example.org>');
    expect(mail?.to).toMatchObject({ text: 'ops@example.org, night@example.org' });
    expect(mail?.text).toContain('What to do: Check that the server runs');
    expect(mail?.text).toContain('Backup: clinic-20260102T030405Z-abc123');
    expect(mail?.html).toContain('&lt;b&gt;refused&lt;/b&gt;');
    expect(mail?.messageId).toBe('<n-7f3a@hazina>');
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(inspect(mail, { depth: 10 })).not.toContain('canary');
  });

  it('logs in', async () => {
    const logins: string[] = [];
    const { port, mails } = await smtpServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) => {
        logins.push(`${auth.username ?? ''}:${auth.password ?? ''}`);
        done(null, { user: auth.username });
      },
    });
    await channel(`smtp://me%40here:pa%2Fss@127.0.0.1:${port}`).send(notification(), never);
    expect(logins).toEqual(['me@here:pa/ss']);
    expect(mails).toHaveLength(1);
  });

  it('says that the login was refused, without showing it', async () => {
    const { port } = await smtpServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) => done(new Error(`no, ${auth.password ?? ''} is wrong`)),
    });
    const error = await failureOf(channel(`smtp://me:canary@127.0.0.1:${port}`).send(notification(), never));
    expect(error.message).toMatch(/refused the login \(535\)/);
    expect(error.retry).toBe('retry');
  });

  it.each([
    ['offers no TLS', { disabledCommands: ['STARTTLS'] }, 'smtp:', 'ETLS'],
    ['has a certificate of nobody', {}, 'smtp:', 'CERT_HAS_EXPIRED'],
    ['has a certificate of nobody from the first byte', { secure: true }, 'smtps:', 'CERT_HAS_EXPIRED'],
  ])('does not log in at a server that %s', async (_what, options, scheme, detail) => {
    const logins: unknown[] = [];
    const { port } = await smtpServer({ ...options, allowInsecureAuth: true, onAuth: (auth) => logins.push(auth) });
    const url = `${scheme}//me:canary@127.0.0.1:${port}${scheme === 'smtp:' ? '?requireTLS=true' : ''}`;
    const error = await failureOf(channel(url).send(notification(), never));
    expect(error.message).toMatch(/no safe connection/);
    expect(error.message).toContain(detail);
    expect(error.retry).toBe('retry');
    expect(logins).toEqual([]);
  });

  it.each([
    [450, 'retry'],
    [550, 'no-retry'],
  ])('takes a refusal with %i as worth: %s', async (responseCode, retry) => {
    const { port } = await smtpServer({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('not canary'), { responseCode })),
    });
    const error = await failureOf(channel(`smtp://127.0.0.1:${port}`).send(notification(), never));
    expect(error.retry).toBe(retry);
    expect(error.message).toContain(String(responseCode));
  });

  it('gives up on a server that says nothing, and leaves no connection behind', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('close', () => sockets.delete(socket)));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await failureOf(channel(url, { timeoutMs: 200 }).send(notification(), never));
    expect(error).toMatchObject({ retry: 'retry' });
    expect(error.message).toMatch(/within 200 ms/);

    const stop = new AbortController();
    const sending = failureOf(channel(url, { timeoutMs: 60_000 }).send(notification(), stop.signal));
    server.once('connection', () => stop.abort());
    await sending;
    // close() of the server above waits until the last connection has ended.
  });

  it('says that the server is not reachable', async () => {
    const error = await failureOf(channel('smtps://me:canary@127.0.0.1:1').send(notification(), never));
    expect(error.message).toContain('127.0.0.1:1 is not reachable');
    expect(error.retry).toBe('retry');
  });
});
