import type { IncomingMessage } from 'node:http';

export type S3Operation =
  | 'PutObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'HeadObject'
  | 'GetObject'
  | 'DeleteObject'
  | 'ListObjects'
  | 'ListObjectVersions'
  | 'GetBucketVersioning'
  | 'ListMultipartUploads'
  | 'HeadBucket'
  | 'Other';

/** A request of S3's API as it came over the wire (path-style addresses). */
export interface S3Request {
  readonly operation: S3Operation;
  /** Empty for requests of a bucket. */
  readonly key: string;
  readonly partNumber: number | undefined;
  readonly versionId: string | undefined;
  /** Of a read: `bytes=0-4095`. */
  readonly range: string | undefined;
  /** Of a write. */
  readonly storageClass: string | undefined;
  /** The id of the key that signed it. */
  readonly accessKeyId: string | undefined;
  /** What was done to it, if anything. */
  readonly fault?: string;
}

export function readRequest({ method = '', url = '/', headers }: IncomingMessage): S3Request {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, , ...rest] = pathname.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const partNumber = searchParams.get('partNumber');
  return {
    operation: operationOf(method, key, searchParams),
    key,
    partNumber: partNumber === null ? undefined : Number(partNumber),
    versionId: searchParams.get('versionId') ?? undefined,
    range: headers.range,
    storageClass: headers['x-amz-storage-class']?.toString(),
    accessKeyId: /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1],
  };
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation {
  const upload = query.has('uploadId');
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method !== 'GET') return 'Other';
    if (query.has('uploads')) return 'ListMultipartUploads';
    if (query.has('versioning')) return 'GetBucketVersioning';
    return query.has('versions') ? 'ListObjectVersions' : 'ListObjects';
  }
  switch (method) {
    case 'PUT':
      return upload ? 'UploadPart' : 'PutObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return upload ? 'CompleteMultipartUpload' : 'Other';
    case 'DELETE':
      return upload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'HEAD':
      return 'HeadObject';
    case 'GET':
      return upload ? 'Other' : 'GetObject';
    default:
      return 'Other';
  }
}
