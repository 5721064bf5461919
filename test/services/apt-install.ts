import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache, Environment } from './cache.js';
import { withLock } from './file-lock.js';
import { findSystemProgram } from './find-program.js';
import { announced, type Log } from './log.js';
import { outputOf, runCommand } from './run-command.js';
import { ServiceError } from './service-error.js';

// Debian asks this program whether a package may start its daemon: 101 forbids it.
const policyFile = '/usr/sbin/policy-rc.d';
const policy =
  '#!/bin/sh\n# Written by the test services of hazina while they install a package; safe to remove.\nexit 101\n';

/** Installs a package of the system, without starting the daemons that it brings. Needs root on a system with apt. */
export async function aptInstall(
  cache: Cache,
  packageName: string,
  instead: string,
  env: Environment,
  log: Log,
): Promise<void> {
  const apt = findSystemProgram('apt-get', env);
  if (apt === undefined || process.getuid?.() !== 0) {
    const reason = apt === undefined ? 'this system has no apt-get' : 'only root may install it by apt-get';
    throw new ServiceError(
      `The package ${packageName} is needed, but ${reason}`,
      `Install ${packageName}, or set ${instead}`,
    );
  }
  const settings = {
    command: apt,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    logFile: join(cache.logs, `install-${packageName}.log`),
    hint: `Is the package mirror reachable? Otherwise install ${packageName} yourself, or set ${instead}`,
  };
  // apt-get update has no wait for another's lock.
  await withLock(cache, 'apt', log, () =>
    announced(log, `installing the package ${packageName} by apt-get`, async () => {
      await runCommand({ ...settings, args: ['update'], what: 'apt-get update' });
      await withoutDaemons(() =>
        runCommand({
          ...settings,
          args: ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', packageName],
          what: `apt-get install ${packageName}`,
        }),
      );
    }),
  );
}

/** Where this system gets its packages from, if it is Debian; undefined leaves the choice to debootstrap. */
export async function debianMirror(): Promise<string | undefined> {
  if (!existsSync('/etc/os-release') || !/^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))) return;
  const format = ['--format', '$(SITE) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  const lines = (await outputOf('apt-get', ['indextargets', ...format])).split('\n').map((line) => line.split(' '));
  const main = lines.find(([site, release, component]) => {
    return /^https?:/.test(site ?? '') && component === 'main' && !/-|\//.test(release ?? '-');
  });
  return main?.[0];
}

/** How this system's apt reaches its mirror (proxies, dates that it must not check), for the apt of another root. */
export async function aptSettings(): Promise<string> {
  const dump = await outputOf('apt-config', ['dump', 'Acquire']);
  const wanted = /^Acquire::(Check-Valid-Until|Check-Date|Retries|https?::|ForceIPv)/;
  return `${dump
    .split('\n')
    .filter((line) => wanted.test(line))
    .join('\n')}\n`;
}

async function withoutDaemons(work: () => Promise<void>): Promise<void> {
  const ours = !existsSync(policyFile) || readFileSync(policyFile, 'utf8') === policy;
  if (ours) writeFileSync(policyFile, policy, { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) rmSync(policyFile, { force: true });
  }
}
