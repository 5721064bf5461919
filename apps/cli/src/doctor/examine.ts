import { tmpdir } from 'node:os';
import type { DoctorConfig } from '#config';
import { found, skipped, wrong, type Finding } from '#contracts';
import { toolFindings } from '#engine';
import { memoryFinding, processMemory, temporaryFinding } from '#pipeline';
import { lookAtCatalogue, lookAtRedis, lookAtRestoreTargets, lookAtSource } from './look-at-databases.js';
import { lookAtDestinations } from './look-at-destinations.js';
import { identityFindings, lookAtStoreAndKeys } from './look-at-store.js';
import { lookAt, type LookContext } from './look.js';

/**
 * Looks at all that a backup and a restore need. Every look is made, whatever an earlier one found; they are made side by side, and each ends in time. The order
 * of the findings is that of the causes: what is wrong with the configuration comes before what comes of it.
 */
export async function examineInstallation(config: DoctorConfig, context: LookContext): Promise<readonly Finding[]> {
  // Loaded before any time runs: on a slow machine that takes longer than some looks.
  if (config.service !== undefined) await Promise.all([import('#catalog'), import('#queue')]);
  const [store, catalogue, redis, tools, process, ...servers] = await Promise.all([
    lookAtStoreAndKeys(config, context, (atHand) => lookAtDestinations(config.destinations, atHand, context)),
    lookAtCatalogue(config, context),
    lookAtRedis(config, context),
    lookAtTools(config, context),
    lookAtProcess(context),
    ...config.sources.map((source) => lookAtSource(source, context)),
    ...lookAtRestoreTargets(config, context),
  ]);
  return [
    configurationFinding(config),
    ...store.keys,
    ...store.findings,
    ...identityFindings(store.storeId, catalogue.storeId),
    ...store.destinations,
    ...(config.sources.length === 0 ? [skipped('source', 'no target could be read')] : []),
    ...servers.flat(),
    ...tools,
    ...catalogue.findings,
    ...redis,
    ...process,
  ];
}

function configurationFinding({ problems, sources, service }: DoctorConfig): Finding {
  if (problems !== undefined) return wrong('configuration', problems);
  const targets = sources.map(({ name }) => name).join(', ');
  return found(
    'configuration',
    `valid: target${sources.length === 1 ? '' : 's'} ${targets}, ${service === undefined ? 'command line alone' : 'with a service'}`,
  );
}

function lookAtTools({ sources }: DoctorConfig, context: LookContext): Promise<readonly Finding[]> {
  const late = { code: 'engine/failed', hint: 'Start mongodump --version by hand' } as const;
  return lookAt('tools', late, context, () =>
    toolFindings({ searchPath: context.searchPath, engines: sources.map(({ engine }) => engine) }),
  );
}

function lookAtProcess(context: LookContext): Promise<readonly Finding[]> {
  const late = { code: 'engine/failed', hint: 'Does its file system hang? Point TMPDIR at another folder' } as const;
  return lookAt('temporary folder', late, context, async () => {
    return [memoryFinding(processMemory()), await temporaryFinding(tmpdir(), context.random)];
  });
}
