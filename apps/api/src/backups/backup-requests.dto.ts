import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import { targetPattern, verificationLevels, type VerificationLevel } from '#contracts';

export const longestLabel = 200;
// Labels are shown in terminals and mails: nothing in them may steer either.
const plainText = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;
const wrongLabel = { message: 'label must be one line without control characters' };

export class TriggerDto {
  @ApiPropertyOptional({ description: 'May be left out when there is one target', example: 'clinic' })
  @IsOptional()
  @IsString()
  @Matches(targetPattern, { message: 'target must be a target name: 1 to 40 of a-z, 0-9 and "-"' })
  target?: string;

  @ApiPropertyOptional({ description: 'A note, in plain text in the store', example: 'before the upgrade' })
  @IsOptional()
  @IsString()
  @MaxLength(longestLabel)
  @Matches(plainText, wrongLabel)
  label?: string;

  @ApiPropertyOptional({ default: false, description: 'Kept until it is unpinned, whatever its age' })
  @IsOptional()
  @IsBoolean()
  pinned?: boolean;
}

export class VerifyDto {
  @ApiPropertyOptional({ enum: verificationLevels, default: 'readable' })
  @IsOptional()
  @IsIn(verificationLevels)
  level?: VerificationLevel;
}

export class MarksDto {
  // Null is a wrong value here, not a missing one: IsOptional would let it pass.
  @ApiPropertyOptional({ example: true })
  @ValidateIf((_object, value) => value !== undefined)
  @IsBoolean()
  pinned?: boolean;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'null removes it', example: 'before the upgrade' })
  @IsOptional()
  @IsString()
  @MaxLength(longestLabel)
  @Matches(plainText, wrongLabel)
  label?: string | null;
}
