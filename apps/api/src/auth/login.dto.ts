import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

export class LoginDto {
  @ApiProperty({ example: 'admin', minLength: 1, maxLength: 200 })
  @IsString()
  @Length(1, 200)
  username!: string;

  @ApiProperty({ example: 'a long passphrase', minLength: 1, maxLength: 1024, format: 'password' })
  @IsString()
  @Length(1, 1024)
  password!: string;
}

export class LoginReplyDto {
  @ApiProperty({ example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…' })
  accessToken!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-23T03:00:00.000Z' })
  expiresAt!: string;

  @ApiProperty({ enum: ['admin'], example: 'admin' })
  role!: 'admin';
}
