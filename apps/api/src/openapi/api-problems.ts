import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { backupId } from '../backups/backup.examples.js';
import { problemMediaType } from '../errors/problem.js';

export class FieldErrorDto {
  @ApiProperty({ example: 'limit' })
  field!: string;

  @ApiProperty({ example: 'limit must not be greater than 100' })
  message!: string;
}

export class ProblemDto {
  @ApiProperty({ format: 'uri', example: 'https://hazina.dev/problems/request-invalid' })
  type!: string;

  @ApiProperty({ example: 'The request is not valid' })
  title!: string;

  @ApiProperty({ example: 400 })
  status!: number;

  @ApiProperty({ example: 'One field is wrong' })
  detail!: string;

  @ApiProperty({ example: '/api/admin/backups' })
  instance!: string;

  @ApiProperty({ example: '5f0c9a1e2b7d4c3896a1b2c3d4e5f607' })
  correlationId!: string;

  @ApiProperty({ type: [FieldErrorDto], required: false })
  errors?: FieldErrorDto[];

  @ApiProperty({ description: 'The backup or restore that is in the way', required: false, example: backupId })
  runningId?: string;

  @ApiProperty({
    description: 'Seconds; as in the header Retry-After',
    required: false,
    type: 'integer',
    minimum: 1,
    example: 12,
  })
  retryAfter?: number;
}

const meanings: Readonly<Record<number, string>> = {
  400: 'A field is missing, wrong or unknown; errors[] names each',
  401: 'No valid token',
  403: "The token's role may not do this",
  404: 'There is no such thing',
  409: 'Not possible in the present state',
  410: 'The object is no longer in the store',
  413: 'A body is at most 64 KiB',
  416: 'The range lies outside of the file',
  422: 'Understood, but not possible in this installation',
  429: 'Too many requests; Retry-After tells when to try again',
  503: 'Something that the answer depends on does not answer; Retry-After tells when to try again',
};

export const problemResponse = (status: number) => ({
  description: meanings[status] ?? 'A problem',
  content: { [problemMediaType]: { schema: { $ref: getSchemaPath(ProblemDto) } } },
});

/** The problems that a route may answer with, beside those that every route has. */
export const ApiProblems = (...statuses: readonly number[]): ClassDecorator & MethodDecorator =>
  applyDecorators(
    ApiExtraModels(ProblemDto),
    ...statuses.map((status) => ApiResponse({ status, ...problemResponse(status) })),
  );

/** What every route for people with a token may answer. */
export const usualProblems = [400, 401, 403, 429, 503] as const;
