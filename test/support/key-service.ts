import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** AWS KMS over HTTP, as far as `hazina` asks it. */
export interface KeyService {
  readonly environment: Readonly<Record<string, string>>;
  /** What it answers with instead of its work: an error by its name, with a status of 400 (of 500 where it is "KMSInternalException"), or nothing at all. */
  mode: 'works' | 'silent' | 'DisabledException' | 'KMSInternalException';
  asked: number;
  close(): Promise<void>;
}

interface Asked {
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

export async function startKeyService(): Promise<KeyService> {
  const server = createServer((request, response) => {
    service.asked += 1;
    void text(request).then((body) => {
      if (service.mode === 'silent') return;
      const { Plaintext, CiphertextBlob, EncryptionContext } = JSON.parse(body) as Asked;
      const context = JSON.stringify(EncryptionContext);
      const [, kept = '', plain = ''] =
        /^(.*)\n(.*)$/.exec(Buffer.from(CiphertextBlob ?? '', 'base64').toString()) ?? [];
      const fails = service.mode === 'works' ? kept !== context && Plaintext === undefined : true;
      const name = service.mode === 'works' ? 'InvalidCiphertextException' : service.mode;
      const wrapped = Buffer.from(`${context}\n${Plaintext ?? ''}`).toString('base64');
      const answer = Plaintext === undefined ? { Plaintext: plain } : { CiphertextBlob: wrapped };
      const status = fails ? (name === 'KMSInternalException' ? 500 : 400) : 200;
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(fails ? { __type: name, message: 'by the test' } : answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: KeyService = {
    environment: {
      ...{ AWS_ENDPOINT_URL_KMS: url, AWS_ENDPOINT_URL_SECRETS_MANAGER: url, AWS_REGION: 'eu-west-1' },
      ...{ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' },
    },
    mode: 'works',
    asked: 0,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}
