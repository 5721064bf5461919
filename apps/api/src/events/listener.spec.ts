import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { MovedClock } from '../../../../test/support/moved-clock.js';
import { waitUntil } from '../../../../test/services/wait-until.js';
import { mostKept, type FeedEvent } from './change-feed.js';
import { Listener } from './listener.js';

// A listener on a real connection, whose other end reads or does not.

const clock = new MovedClock('2026-11-25T00:00:00Z');
const at = (number: number) => ({ time: 1, number, feed: 'a'.repeat(12) });
const filler = 'x'.repeat(20_000);
const event = (number: number, backupId: string): FeedEvent => ({
  ...{ place: at(number), backupId, kind: 'backup' as const },
  data: JSON.stringify({ backupId, number, filler }),
});

let server: Server;
let socket: Socket;
let response: ServerResponse;
let listener: Listener;
beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request');
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  response = ((await asked) as [unknown, ServerResponse])[1];
  const identity = {
    subject: 's',
    tokenId: 't',
    role: 'viewer' as const,
    issuedAt: clock.now(),
    expiresAt: clock.now(),
  };
  const monotonicMs = (): number => clock.monotonicMs();
  listener = new Listener({ response, identity, backupId: null, resumeCode: null, monotonicMs, retryMs: 1_000 });
});
afterEach(() => {
  socket.destroy();
  server.close();
});

const begin = (): void => listener.begin({ states: [], place: at(0), before: at(0), reset: false });

it('buffers of a backup no more than its newest state, and goes on in order when the client reads again', async () => {
  begin();
  // Far more than a connection buffers.
  const last = 4_000;
  for (let number = 1; number <= last; number += 1) listener.send(event(number, `b${number % 3}`));
  expect(response.writableLength).toBeLessThan(200_000);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.resume();
  await waitUntil(() => text.includes(`"number":${last},`), { what: 'the newest state' });
  const numbers = [...text.matchAll(/"number":(\d+),/g)].map(([, number]) => Number(number));
  expect(numbers.length).toBeLessThan(last);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.slice(-3)).toEqual([last - 2, last - 1, last]);
});

it.each(['what it missed', 'what many backups did at once'])('a client that reads gets all of %s', async (what) => {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.resume();
  const many = Array.from({ length: mostKept }, (_, index) => ({
    ...event(index + 1, `b${index + 1}`),
    data: JSON.stringify({ number: index + 1, filler: filler.slice(0, 700) }),
  }));
  if (what === 'what it missed') listener.replay(many, at(0));
  else {
    begin();
    for (const each of many) listener.send(each);
  }
  await waitUntil(() => text.includes(`"number":${mostKept},`), { what: 'the last of them' });
  expect([...text.matchAll(/"number":(\d+),/g)].map(([, number]) => Number(number))).toEqual(
    many.map((_, index) => index + 1),
  );
  expect(response.destroyed).toBe(false);
});

it('cuts a client off that falls too far behind', async () => {
  begin();
  const closed = once(response, 'close');
  for (let number = 1; number <= 4_000; number += 1) listener.send(event(number, `b${number}`));
  await closed;
  expect(response.writableFinished).toBe(false);
});

it('cuts a client off that takes nothing for half a minute, and beats the others', async () => {
  begin();
  const closed = once(response, 'close');
  for (let number = 1; number <= 1_000; number += 1) listener.send(event(number, 'b'));
  clock.pass(29_000);
  listener.beat();
  expect(response.destroyed).toBe(false);
  clock.pass(2_000);
  listener.beat();
  await closed;
});

it('sends what came while the present state was looked up, but not what that says already', async () => {
  listener.send({ ...event(1, 'b1'), data: '{"same":1}' });
  listener.send({ ...event(2, 'b2'), data: '{"newer":2}' });
  expect(response.headersSent).toBe(false);
  const states = [
    { backupId: 'b1', data: '{"same":1}' },
    { backupId: 'b2', data: '{"older":1}' },
  ];
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.resume();
  listener.begin({ states, place: at(0), before: { ...at(0), time: 0 }, reset: false });
  await waitUntil(() => text.includes('newer'), { what: 'the newer state' });
  expect(text.match(/data: .*/g)).toEqual(['data: {"same":1}', 'data: {"older":1}', 'data: {"newer":2}']);
  // Until the last of the first states has arrived, coming back means to begin anew.
  expect(text.match(/id: .*/g)).toEqual([
    `id: 0-0-${'a'.repeat(12)}`,
    ...[0, 0, 2].map((n) => `id: 1-${n}-${'a'.repeat(12)}`),
  ]);
});
