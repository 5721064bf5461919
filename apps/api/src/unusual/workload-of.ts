/**
 * What a worker's host stays called when it is started anew: pods of a Deployment are named after it, with two random parts (`worker-7c9f8d6b5f-x2x7k`), those of a
 * StatefulSet with a number, containers by their id.
 */
export function workloadOf(host: string): string {
  if (/^[0-9a-f]{12}$/.test(host)) return 'container';
  return host.replace(/-[a-z0-9]{6,10}-[a-z0-9]{5}$/, '').replace(/-\d{1,4}$/, '');
}
