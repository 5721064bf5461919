import { expect, it } from '@jest/globals';
import { workloadOf } from './workload-of.js';

it.each([
  ['hazina-worker-7c9f8d6b5f-x2x7k', 'hazina-worker'],
  ['hazina-worker-0', 'hazina-worker'],
  ['3f2a9c41d07b', 'container'],
  ['backup.example.org', 'backup.example.org'],
  ['db-host', 'db-host'],
])('%s is %s', (host, workload) => {
  expect(workloadOf(host)).toBe(workload);
});
