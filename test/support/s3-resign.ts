import { createHash, createHmac } from 'node:crypto';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  /** Those to sign, `x-amz-content-sha256` and `x-amz-date` among them; stores want every `x-amz-…` header signed. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The Authorization header (SigV4) of a request to S3, signed with another key than the client's: a store that knows one key can then be sent any. */
export function signS3(
  { method, url, headers }: UnsignedRequest,
  { accessKeyId, secretAccessKey, region }: SigningKey,
): string {
  const amzDate = headers['x-amz-date'] ?? '';
  const [path = '/', query = ''] = url.split('?');
  const pairs = query.split('&').filter((pair) => pair !== '');
  const canonicalQuery = pairs.map((pair) => (pair.includes('=') ? pair : `${pair}=`)).sort();
  const names = Object.keys(headers).sort();
  const signedHeaders = names.join(';');
  const canonical = [
    method,
    path,
    canonicalQuery.join('&'),
    names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`).join(''),
    signedHeaders,
    headers['x-amz-content-sha256'] ?? '',
  ].join('\n');
  const scope = `${amzDate.slice(0, 8)}/${region}/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${digest}`;
  const key = scope.split('/').reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, text).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
