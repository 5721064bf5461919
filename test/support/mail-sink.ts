import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** A mail server of a test: a real one, which may be told to take connections and say nothing. */
export class MailSink {
  readonly mails: ParsedMail[] = [];
  readonly #server: Server;
  readonly #smtp: SMTPServer;
  readonly #sockets = new Set<Socket>();
  /** Connections that came in, ever. */
  connections = 0;
  hangs = false;

  private constructor() {
    this.#smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      onData: (stream, _session, done) => {
        simpleParser(stream).then(
          (mail) => {
            this.mails.push(mail);
            done();
          },
          (error: unknown) => done(error as Error),
        );
      },
    });
    this.#smtp.on('error', () => undefined);
    // In front of it, so that one port may fall silent and speak again.
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket.once('close', () => this.#sockets.delete(socket)));
      socket.on('error', () => undefined);
      if (!this.hangs) this.#smtp.server.emit('connection', socket);
    });
  }

  static async start(): Promise<MailSink> {
    const sink = new MailSink();
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
