import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { projectRoot } from '../support/run-hazina.js';

// What the OpenAPI document shows is what the API takes and gives. That the API serves this document is checked beside this.

interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Part {
  readonly content?: Readonly<Record<string, Media>>;
}
interface Operation {
  readonly operationId: string;
  readonly requestBody?: Part;
  readonly responses: Readonly<Record<string, Part>>;
}

const document = JSON.parse(readFileSync(join(projectRoot, 'docs/openapi.json'), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

/** Each JSON body and JSON success reply, by a name. */
const shown = operations.flatMap(({ operationId, requestBody, responses }) =>
  [['body', requestBody] as const, ...Object.entries(responses)].flatMap(([part, { content = {} } = {}]) => {
    const media = content['application/json'];
    return media === undefined || /^[345]/.test(part) ? [] : [{ name: `${operationId} ${part}`, media }];
  }),
);

const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true })).addSchema(document, 'api');

it('there are bodies and replies to show', () => {
  expect(shown.length).toBeGreaterThan(45);
  expect(shown.filter(({ name }) => name.endsWith(' body')).length).toBeGreaterThan(9);
});

it.each(shown)('$name has an example that its schema takes', ({ media }) => {
  const { example, examples } = media;
  const values = examples === undefined ? [example] : Object.values(examples).map(({ value }) => value);
  expect(values).not.toEqual([]);
  expect(values).not.toContain(undefined);
  // What stands for a text that nobody gave an example of (apps/api/src/openapi/examples.ts).
  expect(JSON.stringify(values)).not.toMatch(/"(text|string|example|foo|bar)"[,}\]]/i);
  // References are within the document.
  const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"api#/')) as object;
  for (const value of values) expect([ajv.validate(schema, value), ajv.errors]).toEqual([true, null]);
});
