import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { targetPattern, verificationLevels, type VerificationLevel } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { onePlainLine, plainText } from '../http/plain-text.js';

export const longestLabel = 200;
const wrongLabel = { message: 'label must be one line without control characters' };

export class TriggerDto {
  @ApiPropertyOptional({
    description: 'May be left out when there is one target',
    example: 'clinic',
    pattern: targetPattern.source,
  })
  @MayBeAbsent()
  @IsString()
  @Matches(targetPattern, { message: 'target must be a target name: 1 to 40 of a-z, 0-9 and "-"' })
  target?: string;

  @ApiPropertyOptional({
    maxLength: longestLabel,
    pattern: onePlainLine,
    description: 'A note, in plain text in the store',
    example: 'before the upgrade',
  })
  @MayBeAbsent()
  @IsString()
  @MaxLength(longestLabel)
  @Matches(plainText, wrongLabel)
  label?: string;

  @ApiPropertyOptional({ default: false, description: 'Kept until it is unpinned, whatever its age' })
  @MayBeAbsent()
  @IsBoolean()
  pinned?: boolean;
}

export class VerifyDto {
  @ApiPropertyOptional({ enum: verificationLevels, default: 'readable' })
  @MayBeAbsent()
  @IsIn(verificationLevels)
  level?: VerificationLevel;
}

export class MarksDto {
  @ApiPropertyOptional({ example: true })
  @MayBeAbsent()
  @IsBoolean()
  pinned?: boolean;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: longestLabel,
    pattern: onePlainLine,
    description: 'null removes it',
    example: 'before the upgrade',
  })
  // Null is a wish of its own here.
  @IsOptional()
  @IsString()
  @MaxLength(longestLabel)
  @Matches(plainText, wrongLabel)
  label?: string | null;
}
