import type { CredentialVariables, DirectoryConfig, S3Config, StoreConfig } from '#config';

/** A place that holds backups, as a recovery kit tells of it: what leads there, and no secret. */
export type KitPlace = KitDirectory | KitBucket;

interface KitDirectory extends Pick<DirectoryConfig, 'kind' | 'directory'> {
  /** `primary`, or the name of a destination. */
  readonly name: string;
}

interface KitBucket extends Pick<S3Config, 'kind' | 'bucket' | 'prefix' | 'region' | 'endpoint' | 'forcePathStyle'> {
  readonly name: string;
  /** Path of S3_CA_FILE. */
  readonly caFile?: string;
  /** Where its own credentials come from; absent: those of the primary store. */
  readonly credentials?: CredentialVariables;
}

const credentialsOfPrimary: CredentialVariables = {
  AWS_ACCESS_KEY_ID: 'AWS_ACCESS_KEY_ID',
  AWS_SECRET_ACCESS_KEY: 'AWS_SECRET_ACCESS_KEY',
};

/** Picked one by one: what else is known of a store (credentials, a proxy with its password) must not come to paper. */
export function kitPlace(name: string, store: StoreConfig, way: Pick<KitBucket, 'caFile' | 'credentials'>): KitPlace {
  if (store.kind === 'directory') return { name, kind: store.kind, directory: store.directory };
  const { kind, bucket, prefix, region, endpoint, forcePathStyle } = store;
  return {
    ...{ name, kind, bucket, prefix, forcePathStyle },
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...way,
  };
}

/** Makes a place the store of Hazina. */
export function exportsOf(place: KitPlace): string[] {
  if (place.kind === 'directory') return [exported('BACKUP_DIRECTORY', place.directory)];
  const { bucket, prefix, region, endpoint, forcePathStyle, caFile } = place;
  return [
    exported('S3_BACKUP_BUCKET', bucket),
    // An empty one would count as not set.
    exported('S3_BACKUP_PREFIX', prefix === '' ? '/' : prefix),
    ...(region === undefined ? [] : [exported('AWS_REGION', region)]),
    ...(endpoint === undefined
      ? []
      : [exported('S3_ENDPOINT', endpoint), exported('S3_FORCE_PATH_STYLE', `${forcePathStyle}`)]),
    ...(caFile === undefined ? [] : [exported('S3_CA_FILE', caFile)]),
    ...Object.entries(place.credentials ?? credentialsOfPrimary).map(([name, variable]) =>
      variable === name ? `export ${name}=…` : `export ${name}=…   # what ${variable} holds`,
    ),
  ];
}

function exported(name: string, value: string): string {
  return `export ${name}=${shellWord(value)}`;
}

/** What must hold the credentials of a place before something is fetched from there. */
export function secretVariablesOf(place: KitPlace): string[] {
  return place.kind === 'directory' ? [] : Object.values(place.credentials ?? credentialsOfPrimary);
}

/** Brings the folder of a backup, as the store names it, into the working directory; in a shell, as it stands. */
export function fetchCommand(place: KitPlace, folder: string): string {
  if (place.kind === 'directory') return `cp ${shellWord(`${place.directory.replace(/\/+$/, '')}/${folder}`)}* .`;
  const { bucket, prefix, region, endpoint, caFile, credentials = {} } = place;
  return [
    ...Object.entries(credentials).map(([name, variable]) => `${name}="$${variable}"`),
    'aws s3 cp --recursive',
    ...(region === undefined ? [] : [`--region ${shellWord(region)}`]),
    ...(endpoint === undefined ? [] : [`--endpoint-url ${shellWord(endpoint)}`]),
    ...(caFile === undefined ? [] : [`--ca-bundle ${shellWord(caFile)}`]),
    `${shellWord(`s3://${bucket}/${prefix}${folder}`)} .`,
  ].join(' ');
}

/** A word for a POSIX shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
