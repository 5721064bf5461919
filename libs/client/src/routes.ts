import type { paths } from './schema.js';

/** A path as it is asked for, `/api/admin/backups/${backupId}?limit=5`, is found among those of the document: what is put in stands for a parameter. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

type Segments<Path extends string> = Path extends `${infer First}/${infer Rest}` ? [First, ...Segments<Rest>] : [Path];

type Fits<Asked, Known> = Asked extends [infer Here, ...infer Rest]
  ? Known extends [infer There, ...infer Others]
    ? There extends `{${string}}`
      ? Fits<Rest, Others>
      : Here extends There
        ? Fits<Rest, Others>
        : false
    : false
  : Known extends []
    ? true
    : false;

type PathOf<Path extends string> = Path extends keyof paths
  ? Path
  : { [Known in keyof paths]: Fits<Segments<Path>, Segments<Known>> extends true ? Known : never }[keyof paths];

type Split<Address extends string> = Address extends `${infer Path}?${infer Query}` ? [Path, Query] : [Address, never];

type OperationOf<M extends Method, Address extends string> = NonNullable<paths[PathOf<Split<Address>[0]>][M]>;

type QueryOf<Operation> = Operation extends { parameters: { query?: infer Query } } ? keyof NonNullable<Query> : never;

/** The names in `a=1&b=2` that the document does not know; one that is put in at run time is taken as it is. */
type Unknown<Query extends string, Known> = Query extends `${infer First}&${infer Rest}`
  ? Unknown<First, Known> | Unknown<Rest, Known>
  : Query extends `${infer Name}=${string}`
    ? string extends Name
      ? never
      : Exclude<Name, Known>
    : never;

/** The address itself where the document has its route, method and query fields; else what is wrong with it, as a type that no address has. */
export type Address<M extends Method, Asked extends string> = [OperationOf<M, Asked>] extends [never]
  ? 'docs/openapi.json has no such route'
  : [Unknown<Split<Asked>[1], QueryOf<OperationOf<M, Asked>>>] extends [never]
    ? Asked
    : 'docs/openapi.json has no such query field at this route';

/** What its route takes as a JSON body. */
export type BodyOf<M extends Method, Asked extends string> =
  OperationOf<M, Asked> extends { requestBody?: infer Body }
    ? NonNullable<Body> extends { content: { 'application/json': infer Json } }
      ? Json
      : undefined
    : undefined;

type JsonOf<Content> = {
  [Type in keyof Content]: Type extends 'application/json' | 'application/problem+json' ? Content[Type] : never;
}[keyof Content];

type Said<Operation> = Operation extends { responses: infer Replies }
  ? {
      [Status in keyof Replies]: Replies[Status] extends { content: infer Content } ? JsonOf<Content> : never;
    }[keyof Replies]
  : never;

type Names<Bodies> = Bodies extends unknown ? keyof Bodies : never;
type Field<Bodies, Name> = Bodies extends unknown ? (Name extends keyof Bodies ? Bodies[Name] : never) : never;

/** What its replies may hold, before one looked at the status: each field of each of them, the problem's too. */
export type ReplyOf<M extends Method, Asked extends string> = {
  readonly [Name in Names<Said<OperationOf<M, Asked>>>]?: Field<Said<OperationOf<M, Asked>>, Name>;
};
