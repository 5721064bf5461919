import type { AwsAccess, KeyServices } from './key-services.js';

/** The services of AWS, loaded when the first of them is asked: most installations never do, and the SDK takes its time. */
export function lazyServices(access: AwsAccess): KeyServices {
  let kms: Promise<KeyServices['kms']> | undefined;
  let secrets: Promise<KeyServices['secrets']> | undefined;
  const loadKms = () => (kms ??= import('./aws/kms.js').then(({ awsKms }) => awsKms(access)));
  const loadSecrets = () => (secrets ??= import('./aws/secrets.js').then(({ awsSecrets }) => awsSecrets(access)));
  return {
    kms: {
      wrap: async (...asked) => (await loadKms()).wrap(...asked),
      unwrap: async (...asked) => (await loadKms()).unwrap(...asked),
    },
    secrets: { read: async (...asked) => (await loadSecrets()).read(...asked) },
  };
}
