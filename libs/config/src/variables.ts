import { storeVariables } from './store-variables.js';
import type { Variable } from './variable.js';

/**
 * Every environment variable of the product: name, default, meaning. `.env.example` is compared with this table by a test, and only what stands here is read.
 * A secret can also be given as `NAME_FILE`, the path of a file that holds it; both set is an error.
 */
export const variables = [
  {
    name: 'MONGODB_URI',
    secret: true,
    meaning:
      'the server to protect; a database in its path limits the backup to that database (admin does not: users live there)',
  },
  { name: 'BACKUP_TARGET_NAME', default: 'default', meaning: "the target's name, which every backup id begins with" },
  ...storeVariables,
  { name: 'BACKUP_DIRECTORY', default: './data/backups', meaning: 'the store when no bucket is set' },
  {
    name: 'BACKUP_RETENTION_DAYS',
    default: '30',
    meaning: 'days until a backup expires; 0: it does not by its age, and another rule must keep something',
  },
  {
    name: 'BACKUP_ENCRYPTION_KEY',
    secret: true,
    meaning: 'the key: hex:…, base64:…, pass:… (hazina keys generate makes one); without it no backup can be read',
  },
  {
    name: 'BACKUP_ENCRYPTION_KEYS_RETIRED',
    secret: true,
    meaning: 'earlier keys, one per line: open old backups, never seal new ones',
  },
  {
    name: 'BACKUP_RECIPIENTS',
    secret: true,
    meaning:
      'public keys (x25519-public:…, hazina keys generate --recipient) and further keys in AWS KMS (aws-kms:…), one per line: backups are sealed for their holders, besides BACKUP_ENCRYPTION_KEY or without it; with public keys alone, this process cannot read what it writes. No secrets, and read like them: also from BACKUP_RECIPIENTS_FILE',
  },
  {
    name: 'BACKUP_ENGINE',
    default: 'auto',
    meaning: 'mongodump, native, or auto: mongodump where it is on the PATH and able',
  },
  {
    name: 'BACKUP_OPLOG',
    default: 'false',
    meaning:
      'true: back a whole replica set up with its oplog (mongodump only), so that a restore arrives at one moment; refused for anything else',
  },
  { name: 'BACKUP_COMPRESSION', default: 'zstd', meaning: 'zstd, gzip or none' },
  { name: 'BACKUP_COMPRESSION_LEVEL', meaning: "1 to 19 for zstd, 1 to 9 for gzip; unset: the codec's own (3, 6)" },
  { name: 'BACKUP_STALL_SECONDS', default: '120', meaning: 'a dump or load that moves no byte for so long has failed' },
  // ── The service: API and worker ──
  {
    name: 'BACKUP_TARGETS_FILE',
    meaning:
      'YAML with several targets, each with the name of its URI variable; no secrets inside; replaces MONGODB_URI and BACKUP_TARGET_NAME',
  },
  {
    name: 'RESTORE_TARGETS',
    meaning:
      'names of servers that backups may be restored into, separated by commas; each has RESTORE_TARGET_<NAME>_URI (or _URI_FILE, for the worker alone) and, where scratch restores may go, RESTORE_TARGET_<NAME>_SCRATCH=true; unset: the service restores nothing',
  },
  {
    name: 'CATALOG_MONGODB_URI',
    secret: true,
    meaning: 'where the records live; required by API and worker, used by hazina when set',
  },
  { name: 'REDIS_URL', secret: true, default: 'redis://127.0.0.1:6379', meaning: 'the queue' },
  { name: 'REDIS_PREFIX', default: 'hazina', meaning: 'every key in Redis begins with it' },
  {
    name: 'BACKUP_SCHEDULE',
    default: '0 2 * * *',
    meaning: 'cron of five fields, or six with seconds first; off: none',
  },
  { name: 'BACKUP_TIMEZONE', default: 'UTC', meaning: 'IANA name of the time zone of BACKUP_SCHEDULE' },
  {
    name: 'BACKUP_JITTER_SECONDS',
    default: '0',
    meaning: 'a backup on schedule begins up to so many seconds late, each slot of each target by its own share',
  },
  {
    name: 'BACKUP_OVERDUE_SECONDS',
    default: '3600',
    meaning: 'a scheduled backup that is not completed so long after its time is overdue',
  },
  { name: 'BACKUP_LEASE_SECONDS', default: '120', meaning: 'a run whose heart-beat stands still for so long is lost' },
  { name: 'BACKUP_BEAT_SECONDS', default: '20', meaning: 'time between heart-beats' },
  { name: 'BACKUP_REAPER_SECONDS', default: '30', meaning: 'time between looks for lost runs and lost jobs' },
  { name: 'BACKUP_VERIFY', default: 'readable', meaning: 'level verified after each backup: stored, readable or off' },
  {
    name: 'BACKUP_REVERIFY_DAYS',
    default: '30',
    meaning: 'every kept backup is verified again at least so often; 0: never',
  },
  { name: 'BACKUP_ATTEMPTS', default: '3', meaning: 'runs of one backup that may fail before it is failed' },
  { name: 'BACKUP_CONCURRENCY', default: '1', meaning: 'backups at the same time in one worker' },
  { name: 'BACKUP_FLEET_CONCURRENCY', meaning: 'backups at the same time in all workers; unset: no limit' },
  { name: 'BACKUP_THROTTLE_BYTES_PER_SECOND', meaning: 'bytes of archive a second that a backup reads at most' },
  {
    name: 'BACKUP_STORE_THROTTLE_BYTES_PER_SECOND',
    meaning: 'bytes a second that a backup stores at most, and its copies where a destination says nothing else',
  },
  {
    name: 'BACKUP_DIRECTORY_RESERVE_BYTES',
    default: '1073741824',
    meaning: 'free bytes that a backup leaves on the file system of BACKUP_DIRECTORY',
  },
  { name: 'BACKUP_KEEP_LAST', default: '0', meaning: 'the newest so many are kept, whatever their age' },
  { name: 'BACKUP_KEEP_HOURLY', default: '0', meaning: 'the newest of each of so many hours' },
  { name: 'BACKUP_KEEP_DAILY', default: '0', meaning: 'the newest of each of so many days' },
  { name: 'BACKUP_KEEP_WEEKLY', default: '0', meaning: 'the newest of each of so many weeks' },
  { name: 'BACKUP_KEEP_MONTHLY', default: '0', meaning: 'the newest of each of so many months' },
  { name: 'BACKUP_KEEP_YEARLY', default: '0', meaning: 'the newest of each of so many years' },
  {
    name: 'BACKUP_KEEP_WITHIN_BYTES',
    default: '0',
    meaning: 'the newest backups of a target that fit in so many bytes together',
  },
  { name: 'BACKUP_MIN_KEEP', default: '3', meaning: 'good backups of a target that are kept in any case' },
  {
    name: 'BACKUP_CLEANUP_SCHEDULE',
    default: '0 4 * * *',
    meaning: 'cron of the daily cleanup, in BACKUP_TIMEZONE; off: none',
  },
  {
    name: 'BACKUP_DRILL_SCHEDULE',
    default: 'off',
    meaning:
      'cron of drills, in BACKUP_TIMEZONE: a backup of each target is restored into a scratch target, compared and dropped again; needs a scratch target in RESTORE_TARGETS; off: none',
  },
  {
    name: 'BACKUP_DRILL_OVERDUE_SECONDS',
    default: '86400',
    meaning: 'a scheduled drill without a good end so long after its time is overdue',
  },
  {
    name: 'BACKUP_ORPHAN_GRACE_HOURS',
    default: '24',
    meaning: 'unfinished objects older than this are removed; fractions allowed',
  },
  {
    name: 'BACKUP_RECORD_RETENTION_DAYS',
    default: '400',
    meaning: 'days that the record of a deleted or failed backup is kept',
  },
  {
    name: 'BACKUP_QUOTA_BYTES',
    meaning: 'room for backups in the store: alerts at 80 and 95 % of it; unset: no quota',
  },
  {
    name: 'BACKUP_QUOTA_POLICY',
    default: 'warn',
    meaning: 'over the quota: warn, or refuse (no backup is begun until retention or somebody has made room)',
  },
  {
    name: 'BACKUP_SHUTDOWN_GRACE_SECONDS',
    default: '60',
    meaning: 'time for a run to end after SIGTERM before it is handed back',
  },
  { name: 'JWT_SECRET', secret: true, meaning: 'HS256 secret of the API tokens, at least 32 bytes' },
  { name: 'JWT_PUBLIC_KEY', secret: true, meaning: 'PEM of an RS256 or ES256 key, instead of JWT_SECRET' },
  {
    name: 'JWT_JWKS_URI',
    meaning:
      "URL of an identity provider's key set (JWKS), https only, instead of JWT_SECRET and JWT_PUBLIC_KEY: RS256 and ES256 keys, fetched again when they change",
  },
  {
    name: 'JWT_PRIVATE_KEY',
    secret: true,
    meaning: 'PEM of the private half of JWT_PUBLIC_KEY, for hazina token create only; never given to API or worker',
  },
  { name: 'JWT_ISSUER', default: 'hazina', meaning: 'the issuer that tokens must name' },
  { name: 'JWT_AUDIENCE', default: 'hazina', meaning: 'the audience that tokens must name' },
  { name: 'JWT_ROLE_CLAIM', default: 'role', meaning: 'the claim that holds viewer, operator or admin' },
  {
    name: 'JWT_ROLE_MAP',
    meaning:
      'what other values of that claim stand for: value=role, separated by commas (backup-admins=admin,staff=viewer); the claim may be a list then, and the highest role counts',
  },
  { name: 'ADMIN_USERNAME', meaning: 'name of the built-in admin; off unless ADMIN_PASSWORD_HASH is set as well' },
  {
    name: 'ADMIN_PASSWORD_HASH',
    secret: true,
    meaning: 'scrypt hash of its password (hazina token hash-password makes one)',
  },
  { name: 'METRICS_TOKEN', secret: true, meaning: 'bearer token of /metrics; unset: loopback only' },
  { name: 'CORS_ORIGINS', meaning: 'origins that browsers may call the API from, separated by commas; unset: none' },
  {
    name: 'TRUST_PROXY',
    meaning:
      'proxies whose X-Forwarded-For is believed: a number of hops, or addresses and networks separated by commas; unset: none',
  },
  {
    name: 'SWAGGER_ENABLED',
    default: 'true',
    meaning: 'Swagger UI at /docs: true, false, or login (for whoever has a token, or logs in as the built-in admin)',
  },
  {
    name: 'QUEUES_UI_ENABLED',
    default: 'false',
    meaning: 'read-only view of the queues at /queues, for admins: true or false',
  },
  {
    name: 'UNUSUAL_WINDOW_MINUTES',
    default: '60',
    meaning: 'what counts as unusual is counted over so many minutes, for all replicas together',
  },
  { name: 'UNUSUAL_FAILED_LOGINS', default: '20', meaning: 'alert at so many failed logins in the window; 0: never' },
  { name: 'UNUSUAL_DOWNLOADS', default: '20', meaning: 'alert at so many downloads by one person in it; 0: never' },
  { name: 'UNUSUAL_DELETES', default: '10', meaning: 'alert at so many deletions by one person in it; 0: never' },
  {
    name: 'UNUSUAL_RESTORES_OVER_DATA',
    default: '1',
    meaning: 'alert at so many restores over data (replace) by one person in it; 0: never',
  },
  {
    name: 'UNUSUAL_NEW_PLACES',
    default: 'true',
    meaning:
      'alert when a token of an operator or admin, or a key of a worker, is used from a new place: true or false',
  },
  { name: 'API_PORT', default: '3000', meaning: 'port of the API' },
  { name: 'API_HOST', default: '0.0.0.0', meaning: 'address that the API listens on' },
  {
    name: 'API_PUBLIC_URL',
    meaning: 'URL under which clients reach the API, for links and download tickets; unset: as the request came in',
  },
  { name: 'WORKER_PORT', default: '3001', meaning: "port of the worker's probes and metrics" },
  { name: 'WORKER_HOST', default: '0.0.0.0', meaning: "address of the worker's probes and metrics" },
  { name: 'LOG_LEVEL', default: 'info', meaning: 'fatal, error, warn, info, debug, trace or silent' },
  { name: 'SMTP_URL', secret: true, meaning: 'mail server of alerts: smtp://user:password@host:587' },
  { name: 'NOTIFY_EMAIL_FROM', meaning: 'sender of alert mails' },
  { name: 'NOTIFY_EMAIL_TO', meaning: 'receivers of alert mails, separated by commas' },
  { name: 'NOTIFY_WEBHOOK_URL', secret: true, meaning: 'URL that alerts are posted to' },
  { name: 'NOTIFY_WEBHOOK_SECRET', secret: true, meaning: 'key of the HMAC that signs what is posted' },
] as const satisfies readonly Variable[];

export type VariableName = (typeof variables)[number]['name'];
export type SecretName = Extract<(typeof variables)[number], { secret: true }>['name'];
