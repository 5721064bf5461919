import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { targetPattern, verificationLevels, type VerificationLevel } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';

export const longestLabel = 200;
// Labels are shown in terminals and mails: nothing in them may steer either. Half a surrogate pair would be stored as another character.
const plainText = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;
const wrongLabel = { message: 'label must be one line without control characters' };

export class TriggerDto {
  @ApiPropertyOptional({ description: 'May be left out when there is one target', example: 'clinic' })
  @MayBeAbsent()
  @IsString()
  @Matches(targetPattern, { message: 'target must be a target name: 1 to 40 of a-z, 0-9 and "-"' })
  target?: string;

  @ApiPropertyOptional({
    maxLength: longestLabel,
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
