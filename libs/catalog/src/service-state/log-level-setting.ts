import { z } from 'zod';
import { wishedLogLevels, type LogLevelWish } from '#contracts';
import type { SettingsRepository } from '../contract/service-state.js';
import type { SettingDocument } from '../schemas/setting.schema.js';
import type { RecordCollection } from '../store/record-collection.js';

const name = 'logLevel';
const form = z.object({ level: z.enum(wishedLogLevels), until: z.iso.datetime(), by: z.string() });

/** One setting for the whole installation; one that a newer version wrote in another form counts as none. */
export function logLevelSetting(
  settings: RecordCollection<SettingDocument>,
): Pick<SettingsRepository, 'logLevel' | 'wishLogLevel'> {
  return {
    async logLevel(now) {
      const value = (await settings.findOne({ name }))?.value;
      const wish = value === undefined ? undefined : parsed(value);
      return wish !== undefined && wish.until > now ? wish : null;
    },
    async wishLogLevel(wish) {
      if (wish === null) await settings.remove({ name });
      else await settings.upsert({ name }, { $set: { value: JSON.stringify(wish) } });
    },
  };
}

function parsed(value: string): LogLevelWish | undefined {
  try {
    const { success, data } = form.safeParse(JSON.parse(value));
    return success ? { ...data, until: new Date(data.until) } : undefined;
  } catch {
    return undefined;
  }
}
