import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpException } from '@nestjs/common';
import type { Random } from '#contracts';
import { problemMediaType, problemOf } from '../errors/problem.js';
import type { ServiceLog } from '../logging/service-log.js';
import { correlationHeader } from './correlation.middleware.js';
import { closeGently } from './lingering-close.js';

const statusOfCode: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/**
 * What Node refuses before there is a request (no HTTP, heads that are too long or too slow, expectations that nobody meets) is a problem document too, with a
 * line in the log. Nothing of what was sent stands in either.
 */
export function answerClientErrors(server: Server, log: ServiceLog, random: Random): void {
  const replies = new WeakMap<Duplex, ServerResponse>();
  const refuse = (status: number, reason: string, address: string | undefined): Refusal => {
    const correlationId = random.bytes(16).toString('hex');
    log.info('refused', { status, reason, address, correlationId });
    const body = JSON.stringify(problemOf(new HttpException('', status), { instance: '', correlationId }));
    const headers = {
      'Content-Type': problemMediaType,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      [correlationHeader]: correlationId,
      Connection: 'close',
    };
    return { status, headers, body };
  };

  server.on('request', (request: IncomingMessage, reply: ServerResponse) => replies.set(request.socket, reply));
  server.on('checkExpectation', (request: IncomingMessage, reply: ServerResponse) => {
    const { status, headers, body } = refuse(417, 'Expect', request.socket.remoteAddress);
    reply.writeHead(status, headers).end(body);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const reply = replies.get(socket);
    const isAnswering = reply !== undefined && reply.headersSent && !reply.writableFinished;
    // In the middle of another reply nothing can be said, and to a client that has gone neither.
    if (!socket.writable || isAnswering || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const { code = 'no code' } = error;
    const address = 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : '';
    const { status, headers, body } = refuse(statusOfCode[code] ?? 400, code, address);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
    socket.write(`${head}\r\n\r\n${body}`);
    closeGently(socket);
  });
}

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}
