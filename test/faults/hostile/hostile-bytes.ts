/** Bytes on a connection that are no request, or one that nobody should send. `TOKEN` stands for a good token, `SINK` for an address that must never be called. */
export interface HostileBytes {
  readonly name: string;
  readonly bytes: string | Buffer;
  /** Empty: the connection may end without a word. */
  readonly expect: readonly number[];
}

const host = 'Host: api\r\nConnection: close\r\n';
const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\n${host}${more}\r\n`;
const post = (more: string, body: string) =>
  `POST /api/admin/backups/trigger HTTP/1.1\r\n${host}Authorization: Bearer TOKEN\r\nContent-Type: application/json\r\n${more}\r\n${body}`;
const smuggled = '0\r\n\r\nGET /api/admin/backups HTTP/1.1\r\nHost: api\r\n\r\n';

export const hostileBytes: readonly HostileBytes[] = [
  { name: 'nonsense', bytes: 'NONSENSE\r\n\r\n', expect: [400] },
  { name: 'a TLS hello', bytes: Buffer.from('16030100a5010000a10303', 'hex'), expect: [400] },
  { name: 'an SSH hello', bytes: 'SSH-2.0-OpenSSH_9.6\r\n', expect: [400] },
  { name: 'HTTP/2 at once', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', expect: [400] },
  { name: 'a Redis command', bytes: '*1\r\n$8\r\nFLUSHALL\r\n', expect: [400] },
  { name: 'HTTP/0.9', bytes: 'GET /\r\n\r\n', expect: [400, 404] },
  { name: 'HTTP/9.9', bytes: 'GET / HTTP/9.9\r\n\r\n', expect: [400] },
  { name: 'a method of small letters', bytes: `get / HTTP/1.1\r\n${host}\r\n`, expect: [400] },
  { name: 'a long method', bytes: `${'A'.repeat(5_000)} / HTTP/1.1\r\n${host}\r\n`, expect: [400] },
  { name: 'a zero in the path', bytes: get('/api/admin/\0backups'), expect: [400] },
  { name: 'a blank in the path', bytes: get('/api/admin/ backups'), expect: [400] },
  { name: 'a path of 100 KB', bytes: get(`/${'x'.repeat(100_000)}`), expect: [431] },
  { name: 'a header of 100 KB', bytes: get('/api/admin/backups', `X-Long: ${'x'.repeat(100_000)}\r\n`), expect: [431] },
  { name: 'ten thousand headers', bytes: get('/api/admin/backups', 'a: b\r\n'.repeat(10_000)), expect: [431] },
  { name: 'three hundred headers', bytes: get('/api/admin/backups', 'a: b\r\n'.repeat(300)), expect: [401, 431] },
  { name: 'a header without a colon', bytes: get('/', 'NoColon\r\n'), expect: [400] },
  { name: 'a header with a zero', bytes: get('/', 'X: a\0b\r\n'), expect: [400] },
  { name: 'a bare CR in a header', bytes: get('/', 'X: a\rInjected: yes\r\n'), expect: [400] },
  { name: 'a folded header', bytes: get('/api/admin/backups', 'X: a\r\n b\r\n'), expect: [400, 401] },
  { name: 'a header name with a blank', bytes: get('/', 'X Y: a\r\n'), expect: [400] },
  { name: 'a blank before the colon', bytes: post('Content-Length : 2\r\n', '{}'), expect: [400] },
  { name: 'two lengths', bytes: post('Content-Length: 2\r\nContent-Length: 9\r\n', '{}'), expect: [400] },
  { name: 'a length below nothing', bytes: post('Content-Length: -1\r\n', '{}'), expect: [400] },
  { name: 'a length with a sign', bytes: post('Content-Length: +2\r\n', '{}'), expect: [400] },
  { name: 'a length of 2^64', bytes: post('Content-Length: 18446744073709551616\r\n', '{}'), expect: [400] },
  { name: 'a length of a terabyte', bytes: post('Content-Length: 1099511627776\r\n', '{}'), expect: [413] },
  {
    name: 'length and chunks',
    bytes: post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', smuggled),
    expect: [400],
  },
  { name: 'chunks by another name', bytes: post('Transfer-Encoding: xchunked\r\n', smuggled), expect: [400] },
  { name: 'chunks twice', bytes: post('Transfer-Encoding: chunked, identity\r\n', smuggled), expect: [400] },
  {
    name: 'chunks behind a tab',
    bytes: post('Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n', smuggled),
    expect: [400],
  },
  { name: 'a chunk of no size', bytes: post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n'), expect: [400] },
  { name: 'a chunk of 2^64', bytes: post('Transfer-Encoding: chunked\r\n', '10000000000000000\r\n{}'), expect: [400] },
  {
    name: 'a chunk extension of 100 KB',
    bytes: post('Transfer-Encoding: chunked\r\n', `2;${'x'.repeat(100_000)}\r\n{}`),
    expect: [413],
  },
  {
    name: 'an expectation nobody meets',
    bytes: post('Expect: 200-maybe\r\nContent-Length: 2\r\n', '{}'),
    expect: [417],
  },
  { name: 'a whole URL of somebody else', bytes: get('http://SINK/api/admin/backups'), expect: [401, 404] },
  { name: 'a proxy request', bytes: `CONNECT SINK HTTP/1.1\r\n${host}\r\n`, expect: [] },
  {
    name: 'another host',
    bytes: 'GET /api/admin/backups HTTP/1.1\r\nHost: SINK\r\nConnection: close\r\n\r\n',
    expect: [401],
  },
  {
    name: 'a web socket',
    bytes: get('/api/admin/events', 'Upgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n'),
    expect: [401],
  },
  {
    name: 'HTTP/2 by upgrade',
    bytes: get('/api/admin/backups', 'Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n'),
    expect: [401],
  },
  { name: 'TRACE', bytes: `TRACE /api/admin/backups HTTP/1.1\r\n${host}X-Secret: canary\r\n\r\n`, expect: [401] },
  {
    name: 'another method by header',
    bytes: get('/api/admin/backups', 'X-HTTP-Method-Override: DELETE\r\n'),
    expect: [401],
  },
  {
    name: 'another path by header',
    bytes: get('/api/admin/backups', 'X-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics\r\n'),
    expect: [401],
  },
  {
    name: 'another host by header',
    bytes: get('/api/admin/backups', 'X-Forwarded-Host: SINK\r\nForwarded: host=SINK\r\n'),
    expect: [401],
  },
  {
    name: 'a token in a cookie',
    bytes: get('/api/admin/backups', 'Cookie: token=TOKEN; access_token=TOKEN\r\n'),
    expect: [401],
  },
  { name: 'metrics behind a proxy', bytes: get('/metrics', 'X-Forwarded-For: 127.0.0.1\r\n'), expect: [401] },
  { name: 'a path beside the guard', bytes: get('//api/admin/backups'), expect: [401, 404] },
  { name: 'a path with a dot', bytes: get('/api/./admin/backups'), expect: [401, 404] },
  { name: 'a path with two dots', bytes: get('/health/../api/admin/backups'), expect: [401, 404] },
  { name: 'a path with an encoded slash', bytes: get('/api%2fadmin%2fbackups'), expect: [401, 404] },
  { name: 'a path in capitals', bytes: get('/API/ADMIN/BACKUPS'), expect: [401] },
  { name: 'a path with a semicolon', bytes: get('/api/admin;x=1/backups'), expect: [401, 404] },
  { name: 'the store by its path', bytes: get('/data/backups/hazina.json'), expect: [404] },
  { name: 'the source by its path', bytes: get('/package.json'), expect: [404] },
  { name: 'the environment by its path', bytes: get('/.env'), expect: [404] },
  { name: 'the documentation with two dots', bytes: get('/docs/..%2f..%2f..%2fpackage.json'), expect: [400, 403, 404] },
];
