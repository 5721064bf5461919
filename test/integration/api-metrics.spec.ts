import { expect, it, jest } from '@jest/globals';
import { SchedulingModule } from '../../apps/api/src/scheduling/scheduling.module.js';
import { UpkeepService } from '../../apps/api/src/scheduling/upkeep.service.js';
import { ApiWorld } from '../support/api-world.js';
import { completedBackup } from '../support/catalog-world.js';

jest.setTimeout(60_000);

it('the API shows the last success of a target, which a worker made, and the longest time between two slots', async () => {
  const world = await ApiWorld.start({
    environment: { BACKUP_SCHEDULE: '0 3 * * 1-5' },
    modules: [SchedulingModule],
  });
  try {
    const at = new Date(Date.now() - 60_000);
    await completedBackup(world.core.catalog, 'clinic', {}, at);
    await world.app.get(UpkeepService, { strict: false }).look();
    const { text } = await world.get('/metrics', { token: null });
    expect(text).toContain(
      `hazina_backup_last_success_timestamp_seconds{target="clinic"} ${String(at.getTime() / 1000)}`,
    );
    expect(text).toContain('hazina_backup_expected_interval_seconds{target="clinic"} 259200\n');
  } finally {
    await world.close();
  }
});
