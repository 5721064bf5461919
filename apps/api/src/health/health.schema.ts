interface Schema {
  readonly type: string;
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: Schema;
  readonly example?: unknown;
}

const states: Schema = { type: 'object', additionalProperties: { type: 'object' } };

export function healthSchema(status: 'ok' | 'error'): Schema {
  return {
    type: 'object',
    properties: {
      status: { type: 'string', example: status },
      info: { ...states, example: { mongodb: { status: 'up' } } },
      error: {
        ...states,
        example: status === 'ok' ? {} : { redis: { status: 'down', message: 'queue/unavailable: …' } },
      },
      details: { ...states, example: { mongodb: { status: 'up' } } },
    },
  };
}
