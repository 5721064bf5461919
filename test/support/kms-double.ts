import { AppError } from '#contracts';
import type { KeyWrapper } from '#crypto';

export const kmsArn = (digit: number): string => `arn:aws:kms:eu-west-1:111122223333:key/${digit}`;

/** AWS KMS in memory: what it wrapped opens with the same key and file id alone. */
export class KmsDouble implements KeyWrapper {
  /** What a call is answered with instead; undefined: it works. */
  failure: ((call: 'wrap' | 'unwrap', keyArn: string) => AppError | undefined) | undefined;
  calls = 0;
  readonly #kept: { readonly name: string; readonly dek: Buffer }[] = [];

  fail(code: AppError['code'], only?: 'wrap' | 'unwrap'): void {
    const error = new AppError({ code, stage: 'keys', message: `AWS KMS: ${code}`, hint: 'look there' });
    this.failure = (call) => (only === undefined || only === call ? error : undefined);
  }

  wrap(keyArn: string, fileId: string, dek: Uint8Array): Promise<Buffer> {
    const failure = this.#failed('wrap', keyArn);
    if (failure !== undefined) return Promise.reject(failure);
    const wrapped = Buffer.alloc(64);
    wrapped.writeUInt32BE(this.#kept.push({ name: `${keyArn} ${fileId}`, dek: Buffer.from(dek) }) - 1);
    return Promise.resolve(wrapped);
  }

  unwrap(keyArn: string, fileId: string, wrapped: Uint8Array): Promise<Buffer | null> {
    const failure = this.#failed('unwrap', keyArn);
    if (failure !== undefined) return Promise.reject(failure);
    const kept = this.#kept[Buffer.from(wrapped).readUInt32BE()];
    return Promise.resolve(kept?.name === `${keyArn} ${fileId}` ? Buffer.from(kept.dek) : null);
  }

  #failed(call: 'wrap' | 'unwrap', keyArn: string): AppError | undefined {
    this.calls += 1;
    return this.failure?.(call, keyArn);
  }
}
