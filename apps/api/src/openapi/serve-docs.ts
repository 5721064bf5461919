import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import { openApiDocument } from './document.js';

/** Swagger UI at /docs and the document at /docs-json: both (with SWAGGER_ENABLED=login behind the guard of their area), or with false neither. */
export function serveDocs(app: NestExpressApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app, version), {
    useGlobalPrefix: false,
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
    customSiteTitle: 'Hazina API',
    // No badge of a validator elsewhere.
    swaggerOptions: {
      persistAuthorization: false,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      validatorUrl: null,
    },
  });
}
