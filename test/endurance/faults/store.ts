import type { S3Fault, S3Rule } from '../../support/s3-proxy.js';
import type { Choices } from '../choices.js';
import type { World } from '../world.js';
import type { Fault } from './fault.js';

type Operation = NonNullable<S3Rule['operation']>;

const writes: Operation = ['PutObject', 'UploadPart', 'CreateMultipartUpload', 'CompleteMultipartUpload'];

function fault(
  name: string,
  weight: number,
  choose: (choices: Choices) => { readonly fault: S3Fault; readonly rule: S3Rule },
): Fault {
  return {
    ...{ name, weight, seconds: [1, 10] },
    begin: (world: World, choices) => {
      const { fault: chosen, rule } = choose(choices);
      const report = world.installation.wire.on(chosen, rule);
      const end = () => {
        report.end();
        world.timeline.note(`fault ended: ${name}, struck ${report.struck} requests`);
        return Promise.resolve();
      };
      return Promise.resolve({ what: `${name}: ${JSON.stringify({ ...chosen, ...rule })}`, end });
    },
  };
}

const some = (choices: Choices) => ({ times: choices.between(1, 4) });

/** On the wire before the store, for every process. */
export const storeFaults: readonly Fault[] = [
  fault('the store answers 503', 5, (choices) => ({
    fault: { kind: 'reply', status: 503, code: 'SlowDown' },
    rule: choices.chance(0.5) ? {} : { ...some(choices), operation: writes },
  })),
  fault('the store answers 500', 3, (choices) => ({
    fault: { kind: 'reply', status: 500, code: 'InternalError' },
    rule: some(choices),
  })),
  fault('replies of the store are lost', 5, (choices) => ({
    fault: { kind: 'lose-reply' },
    rule: { ...some(choices), operation: ['PutObject', 'CompleteMultipartUpload', 'DeleteObject', 'UploadPart'] },
  })),
  fault('a completion answers 200 with an error', 2, (choices) => ({
    fault: { kind: 'error-in-200', code: 'InternalError' },
    rule: { ...some(choices), operation: 'CompleteMultipartUpload' },
  })),
  fault('uploads are reset', 4, (choices) => ({
    fault: { kind: 'reset-request', after: choices.below(3_000_000) },
    rule: { ...some(choices), operation: ['PutObject', 'UploadPart'] },
  })),
  fault('an upload is never answered', 1, () => ({
    fault: { kind: 'stall' },
    rule: { times: 1, operation: ['PutObject', 'UploadPart'] },
  })),
  fault('downloads are reset', 3, (choices) => ({
    fault: { kind: 'reset-reply', after: choices.below(3_000_000) },
    rule: { ...some(choices), operation: 'GetObject' },
  })),
];
