import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { problemResponse } from './api-problems.js';
import { addExamples } from './examples.js';
import { nameHeaders } from './response-headers.js';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

const description = `Backups of MongoDB that are proven, not hoped for.

Press **Authorize** and paste a token: \`hazina token create --role admin --ttl 1h\` prints one, and so does \`POST /api/auth/login\`.
\`viewer\` reads, \`operator\` also triggers, verifies, cancels, downloads, restores into scratch targets, pins and labels, \`admin\` also deletes, restores over other targets, rotates keys and cleans up.

\`Idempotency-Key\` makes a POST that makes something safe to repeat. Deleting, rotating keys, a cleanup with \`confirm\`, and a restore with \`replace\` or \`usersAndRoles\`, need a token younger than 15 minutes.

Errors are problem documents (RFC 9457) with a stable \`type\`. Every reply carries \`X-Correlation-Id\`, which stands in the log
lines and on the records of everything that the request caused. 120 requests a minute for each token.`;

/** The OpenAPI 3.1 document; the same for everybody, so that it can be committed and compared. */
export function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Hazina')
    .setDescription(description)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token with a role' }, 'token')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
  });
  sayWhatIsOpen(document);
  closeBodies(document);
  limitBodies(document);
  nameHeaders(document, operationsOf(document));
  addExamples(document, operationsOf(document));
  return document;
}

/** What is open to everybody says so: an operation that names no security might as well have forgotten it. */
function sayWhatIsOpen(document: OpenAPIObject): void {
  for (const operation of operationsOf(document)) operation.security ??= [];
}

/** Bodies, and the objects in them, take the fields that they name and no others (the validation pipe refuses these). */
function closeBodies(document: OpenAPIObject): void {
  const names = new Set(operationsOf(document).flatMap(({ requestBody }) => schemasIn(requestBody)));
  // What is added while it is walked is walked too.
  for (const name of names) {
    const schema = document.components?.schemas?.[name];
    if (schema === undefined) continue;
    for (const inner of schemasIn(schema)) names.add(inner);
    Object.assign(schema, { additionalProperties: false });
  }
}

/** Whatever takes a body may be sent too much of it. */
function limitBodies(document: OpenAPIObject): void {
  for (const { requestBody, responses } of operationsOf(document))
    if (requestBody !== undefined) responses['413'] = problemResponse(413);
}

function schemasIn(part: unknown): string[] {
  const references = JSON.stringify(part ?? null).matchAll(/#\/components\/schemas\/(\w+)/g);
  return Array.from(references, ([, name = '']) => name);
}

function operationsOf(document: OpenAPIObject): OperationObject[] {
  return Object.values(document.paths)
    .flatMap(({ get, put, post, patch, delete: remove }) => [get, put, post, patch, remove])
    .filter((operation) => operation !== undefined);
}
