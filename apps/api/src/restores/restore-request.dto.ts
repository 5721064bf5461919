import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { restoreModes, restoreTargetPattern, type RestoreMode } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { onePlainLine, plainText, unprintable } from '../http/plain-text.js';

const most = 100;
/** A namespace of MongoDB has at most 255 bytes; every character of a pattern may be escaped. */
const longest = 512;
const database = /^[^\s/\\."$*<>:|?\p{Cc}]{1,63}$/u;
const renamed = /^[^.*]+(\.[^*]+)?$/su;
/** What the OpenAPI document says of the same. */
const databaseText = `^[^\\s/\\\\."$*<>:|?${unprintable}]{1,63}$`;
const renamedText = `^[^.*${unprintable}]+(\\.[^*${unprintable}]+)?$`;
const name = { minLength: 1, maxLength: longest, pattern: renamedText };
const listOf = (pattern: string) => ({
  type: 'array' as const,
  items: { type: 'string', minLength: 1, maxLength: longest, pattern },
  maxItems: most,
  uniqueItems: true,
});

/** A list of at most 100 different texts. */
const Texts = (): PropertyDecorator => (target, property) => {
  for (const decorate of [
    MayBeAbsent(),
    IsArray(),
    ArrayMaxSize(most),
    ArrayUnique(),
    IsString({ each: true }),
    MinLength(1, { each: true }),
    MaxLength(longest, { each: true }),
    Matches(plainText, { each: true, message: '$property must hold lines without control characters' }),
  ])
    decorate(target, property);
};

export class RenameDto {
  @ApiProperty({
    ...name,
    example: 'clinic',
    description: 'A database, or a collection (clinic.visits), by its name in the backup',
  })
  @IsString()
  @MaxLength(longest)
  @Matches(plainText)
  @Matches(renamed, { message: 'from must be a database or a collection, without *' })
  from!: string;

  @ApiProperty({ ...name, example: 'clinic_copy', description: 'Of the same kind' })
  @IsString()
  @MaxLength(longest)
  @Matches(plainText)
  @Matches(renamed, { message: 'to must be a database or a collection, without *' })
  to!: string;
}

export class RestoreDto {
  @ApiProperty({
    example: 'staging',
    pattern: restoreTargetPattern.source,
    description: 'A name of RESTORE_TARGETS: no URI ever comes in here',
  })
  @IsString()
  @Matches(restoreTargetPattern, {
    message: 'targetName must be a name of RESTORE_TARGETS: 1 to 33 of a-z, 0-9 and "-"',
  })
  targetName!: string;

  @ApiProperty({
    enum: restoreModes,
    description:
      'scratch: into new databases of this restore alone. into-empty: only under names that hold nothing. replace: over what has the names',
  })
  @IsIn(restoreModes)
  mode!: RestoreMode;

  @ApiPropertyOptional({
    ...listOf(databaseText),
    description: 'Only these databases of the backup',
    example: ['clinic'],
  })
  @Texts()
  @Matches(database, { each: true, message: 'databases must hold names of databases' })
  databases?: string[];

  @ApiPropertyOptional({
    ...listOf(onePlainLine),
    description:
      'Only what fits one of these patterns: `db.collection` with `*`; `\\` before a character that is meant literally',
    example: ['clinic.visits*'],
  })
  @Texts()
  include?: string[];

  @ApiPropertyOptional({
    ...listOf(onePlainLine),
    description: 'Not what fits one of these; wins over include',
    example: ['*.tmp'],
  })
  @Texts()
  exclude?: string[];

  @ApiPropertyOptional({ type: [RenameDto], maxItems: most, description: 'After the selection' })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(most)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => RenameDto)
  rename?: RenameDto[];

  @ApiPropertyOptional({
    maxLength: longest,
    description: 'With replace: targetName once more, typed',
    example: 'production',
  })
  @MayBeAbsent()
  @IsString()
  @MaxLength(longest)
  confirm?: string;

  @ApiPropertyOptional({
    enum: ['fail', 'keep-last'],
    default: 'fail',
    description:
      'An _id, or a value of a unique index, that stands in the backup twice: fail, or keep the later document and report a difference',
  })
  @MayBeAbsent()
  @IsIn(['fail', 'keep-last'])
  onConflict?: 'fail' | 'keep-last';

  @ApiPropertyOptional({ default: false, description: 'Go on although somebody else writes into the target meanwhile' })
  @MayBeAbsent()
  @IsBoolean()
  ignoreWrites?: boolean;

  @ApiPropertyOptional({
    description:
      'Replay the oplog that the backup holds, after which all collections are of one moment; needs a MongoDB server. Default: where there is one and all of the backup is restored',
  })
  @MayBeAbsent()
  @IsBoolean()
  oplogReplay?: boolean;

  @ApiPropertyOptional({
    default: false,
    description:
      'Merge the users and roles of the backup (of databases, or all) into those of the server: who is there under the same name is replaced, password included. Needs the role admin and a MongoDB server; goes with neither scratch nor patterns nor rename',
  })
  @MayBeAbsent()
  @IsBoolean()
  usersAndRoles?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Only tell what would be done; the plan is the report' })
  @MayBeAbsent()
  @IsBoolean()
  dryRun?: boolean;
}
