import { getSchemaPath } from '@nestjs/swagger';
import { BackupEventDto } from './events.dto.js';

const named = {
  removed: { type: 'object', properties: { backupId: { type: 'string' } }, required: ['backupId'] },
  reset: { type: 'object', maxProperties: 0 },
  end: {
    type: 'object',
    properties: { reason: { enum: ['token-expired', 'token-revoked', 'shutting-down'] } },
    required: ['reason'],
  },
};

/** One message of a stream, as an EventSource gives it out. */
export const eventMessage = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'To resume from', example: 'mwwrc3my-4-40e817c1f47e' },
    event: { type: 'string', enum: ['message', ...Object.keys(named)], default: 'message' },
    retry: { type: 'integer', description: 'Milliseconds until a client that was cut off comes back' },
    data: {
      type: 'string',
      description: 'JSON: of a message the state of one backup (BackupEventDto), of the others what their names tell',
      contentMediaType: 'application/json',
      contentSchema: {
        anyOf: [
          { $ref: getSchemaPath(BackupEventDto) },
          ...Object.values(named).map((schema) => ({ ...schema, additionalProperties: false })),
        ],
      },
    },
  },
  required: ['data'],
};
