import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';
import { backupIdPattern, restoreTargetPattern, targetPattern } from '#contracts';
import { MayBeAbsent } from './may-be-absent.js';
import { stacked } from './stacked.js';

// Names that requests may give: what is checked, and the same pattern in the OpenAPI document.

interface Texts {
  readonly description: string;
  readonly example?: string;
}

export const TargetField = (description: string): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({ description, example: 'clinic', pattern: targetPattern.source }),
    MayBeAbsent(),
    IsString(),
    Matches(targetPattern, { message: 'target must be a target name: 1 to 40 of a-z, 0-9 and "-"' }),
  );

export const BackupIdField = (texts: Texts): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({ ...texts, pattern: backupIdPattern.source }),
    MayBeAbsent(),
    Matches(backupIdPattern, { message: 'backupId must be the id of a backup' }),
  );

export const RestoreTargetField = (description: string): PropertyDecorator =>
  stacked(
    ApiPropertyOptional({ description, example: 'staging', pattern: restoreTargetPattern.source }),
    MayBeAbsent(),
    Matches(restoreTargetPattern, { message: 'targetName must be a name of RESTORE_TARGETS' }),
  );
