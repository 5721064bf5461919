import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { targetPattern, verificationLevels, type VerificationLevel } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';

export const longestLabel = 200;
// Labels are shown in terminals and mails: nothing in them may steer either.
export const plainText = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;
/** The same for readers of the OpenAPI document that know no classes of characters (rare ones beyond U+FFFF are left out). */
export const onePlainLine =
  '^[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890-\\u0891\\u08e2\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff\\ufff9-\\ufffb]*$';
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
