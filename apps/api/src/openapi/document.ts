import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const description = `Backups of MongoDB that are proven, not hoped for.

Press **Authorize** and paste a token: \`hazina token create --role admin --ttl 1h\` prints one, and so does \`POST /api/auth/login\`.
\`viewer\` reads, \`operator\` also triggers, verifies, cancels, downloads, pins and labels, \`admin\` also deletes and cleans up.

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
  return sayWhatIsOpen(
    SwaggerModule.createDocument(app, config, { operationIdFactory: (_controller, method) => method }),
  );
}

/** What is open to everybody says so: an operation that names no security might as well have forgotten it. */
function sayWhatIsOpen(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths))
    for (const operation of [path.get, path.put, path.post, path.patch, path.delete])
      if (operation !== undefined) operation.security ??= [];
  return document;
}
