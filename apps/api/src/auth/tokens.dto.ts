import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import { onePlainLine, plainText } from '../http/plain-text.js';
import { MayBeAbsent } from '../http/may-be-absent.js';

export class RevokeDto {
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 200,
    pattern: onePlainLine,
    description:
      'The jti claim of the token; left out: the one that this request comes with. Another one needs an admin',
    example: '5f0c9a1e2b7d4c3896a1b2c3d4e5f607',
  })
  @MayBeAbsent()
  @IsString()
  @Length(1, 200)
  @Matches(plainText, { message: 'jti must be one line without control characters' })
  jti?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 200, pattern: onePlainLine, example: 'laptop lost' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 200)
  @Matches(plainText, { message: 'reason must be one line without control characters' })
  reason?: string;
}

export class RevokedDto {
  @ApiProperty({ example: '5f0c9a1e2b7d4c3896a1b2c3d4e5f607' })
  jti!: string;
  @ApiProperty({
    format: 'date-time',
    description: 'Until then it is kept in mind; by then the token has ended by itself',
  })
  until!: string;
}
