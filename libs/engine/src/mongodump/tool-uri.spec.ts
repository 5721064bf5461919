import { describe, expect, it, jest } from '@jest/globals';
import { Secret } from '#contracts';
import { toolUri, withoutDatabase } from './tool-uri.js';

describe('a URI without its database', () => {
  it.each([
    ['mongodb://u:p@h:1/clinic', 'mongodb://u:p@h:1/?authSource=clinic'],
    ['mongodb://u:p@h:1/clinic?authSource=admin&tls=true', 'mongodb://u:p@h:1/?authSource=admin&tls=true'],
    ['mongodb://u:p@h/clinic?AUTHSOURCE=x', 'mongodb://u:p@h/?AUTHSOURCE=x'],
    ['mongodb://h:1,h2:2/clinic?replicaSet=rs', 'mongodb://h:1,h2:2/?replicaSet=rs'],
    ['mongodb+srv://u:p@h', 'mongodb+srv://u:p@h/'],
    [
      'mongodb://u:p@h/clinic?authMechanism=SCRAM-SHA-256',
      'mongodb://u:p@h/?authMechanism=SCRAM-SHA-256&authSource=clinic',
    ],
    ['mongodb://u:p@h/clinic?authMechanism=PLAIN', 'mongodb://u:p@h/?authMechanism=PLAIN&authSource=clinic'],
  ])('%s', (before, after) => {
    expect(withoutDatabase(new Secret(before)).reveal()).toBe(after);
  });

  it.each(['MONGODB-X509', 'GSSAPI', 'MONGODB-AWS', 'MONGODB-OIDC', 'gssapi'])(
    '%s: its users live in no database, so none is named',
    (mechanism) => {
      const uri = new Secret(`mongodb://u@h:1/clinic?authMechanism=${mechanism}`);
      expect(withoutDatabase(uri).reveal()).toBe(`mongodb://u@h:1/?authMechanism=${mechanism}`);
    },
  );
});

describe('where DNS tells the servers', () => {
  const uri = new Secret('mongodb+srv://u:p@cluster.example/clinic');
  it.each([
    ['tells where to log in', [['authSource=admin&', 'replicaSet=rs']], 'mongodb+srv://u:p@cluster.example/'],
    ['does not', [['replicaSet=rs']], 'mongodb+srv://u:p@cluster.example/?authSource=clinic'],
    ['has no answer', new Error('ENODATA'), 'mongodb+srv://u:p@cluster.example/?authSource=clinic'],
  ])('and %s', async (_what, answer, after) => {
    const lookUp = jest.fn((host: string) =>
      host === 'cluster.example' && !(answer instanceof Error)
        ? Promise.resolve(answer)
        : Promise.reject(answer as Error),
    );
    expect((await toolUri(uri, lookUp)).reveal()).toBe(after);
    expect(lookUp).toHaveBeenCalledTimes(1);
  });

  it.each([
    'mongodb://u:p@h/clinic',
    'mongodb+srv://u:p@h/',
    'mongodb+srv://u:p@h/clinic?authSource=x',
    'mongodb+srv://h/clinic',
  ])('DNS is not asked for %s', async (plain) => {
    const lookUp = jest.fn(() => Promise.resolve<string[][]>([]));
    expect((await toolUri(new Secret(plain), lookUp)).reveal()).toBe(withoutDatabase(new Secret(plain)).reveal());
    expect(lookUp).not.toHaveBeenCalled();
  });
});
