import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { verificationLevels, type VerificationLevel } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { TargetField } from '../http/name-fields.js';
import { onePlainLine, plainText } from '../http/plain-text.js';

export const longestLabel = 200;
const wrongLabel = { message: 'label must be one line without control characters' };

export class TriggerDto {
  @TargetField('May be left out when there is one target')
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
