import { describe, expect, it } from '@jest/globals';
import mongoose from 'mongoose';
import { AppError } from '#contracts';
import { isConflict, isDuplicateKey, translateCatalogError } from './translate-error.js';

const { MongoServerError, MongoNetworkError, MongoServerSelectionError } = mongoose.mongo;
const server = (code: number, errmsg = 'told so') => new MongoServerError({ message: errmsg, errmsg, code });
/** Deadlock detected, as a server on PostgreSQL packs it. */
const deadlock = 16_908_292;

describe('errors of the catalogue', () => {
  it.each([
    ['a cut connection', new MongoNetworkError('connection 3 to 10.0.0.1:27017 closed')],
    [
      'a reset while a write waited',
      Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET', syscall: 'write' }),
    ],
    ['an election', server(189)],
    ['a write concern not met in time', server(64)],
    ['a deadlock', server(deadlock)],
    ['what took too long', server(50)],
    ['the same in the words of PostgreSQL', server(1, 'canceling statement due to statement timeout')],
    ['a shutdown of PostgreSQL below (57P01)', server(5 | (7 << 6) | (32 << 12) | (0 << 18) | (1 << 24))],
    ['the same inside another', new Error('outer', { cause: new MongoNetworkError('cut') })],
  ])('%s is worth a retry', (_, error) => {
    expect(translateCatalogError(error)).toMatchObject({ code: 'catalog/unavailable', retry: 'retry' });
  });

  it.each([
    ['a wrong password', server(18)],
    ['a missing right', server(13)],
    ['a validator', server(121)],
    ['a value that does not fit', new mongoose.Error.CastError('string', {}, 'backupId')],
  ])('%s is not', (_, error) => {
    expect(translateCatalogError(error)).toMatchObject({ code: 'catalog/refused', retry: 'no-retry' });
  });

  it('shows nothing of a URI, and carries no cause that could', () => {
    const error = translateCatalogError(
      new MongoServerSelectionError('cannot reach mongodb://root:hunter2@db/x', {} as never),
    );
    expect(error).toMatchObject({ code: 'catalog/unavailable' });
    expect(JSON.stringify([error.message, error.details, error.cause, error.stack])).not.toContain('hunter2');
  });

  it('knows conflicts and duplicates by their codes', () => {
    expect([server(112), server(deadlock), server(11_000)].map(isConflict)).toEqual([true, true, false]);
    expect([server(112), server(11_000)].map(isDuplicateKey)).toEqual([false, true]);
  });

  it("knows them by PostgreSQL's words where the server has no code for them", () => {
    const taken = server(1, 'conflicting key value violates exclusion constraint "documents_rum_index_3"');
    const dead = server(1, 'deadlock detected');
    const other = server(1, 'told so');
    expect([taken, dead, other].map(isDuplicateKey)).toEqual([true, false, false]);
    expect([taken, dead, other].map(isConflict)).toEqual([false, true, false]);
    expect(translateCatalogError(dead)).toMatchObject({ code: 'catalog/unavailable' });
    expect(translateCatalogError(other)).toMatchObject({ code: 'catalog/refused' });
  });

  it('leaves ours as they are', () => {
    const ours = new AppError({ code: 'store/changed', stage: 'store', message: 'x' });
    expect(translateCatalogError(ours)).toBe(ours);
  });
});
