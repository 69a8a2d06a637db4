import { AwsError, type Call } from '../../cloud.ts';

export interface TimeToLiveSpecification {
  readonly AttributeName: string;
  readonly Enabled: boolean;
}

/** What dynalite does not know of a table. */
export interface Table {
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  /** Names of the key's attributes, the partition key first. */
  readonly keys: readonly string[];
  readonly tags: Map<string, string>;
  isProtected: boolean;
  tableClass: string | undefined;
  encryption: { readonly keyArn: string } | undefined;
  timeToLive: TimeToLiveSpecification | undefined;
  /** Since when the table can be restored to any second. */
  recoverableSince: Date | undefined;
  sweptAt: number;
  /** What the table is in the middle of; over by itself. */
  change: { readonly status: 'CREATING' | 'UPDATING'; readonly until: number } | undefined;
}

/** A change takes seconds on AWS, here enough to be noticed. */
const CHANGE_MILLISECONDS = 200;

export function startChange(table: Table, status: 'CREATING' | 'UPDATING', now: Date): void {
  table.change = { status, until: now.getTime() + CHANGE_MILLISECONDS };
}

export function changeOf(table: Table | undefined, now: Date): 'CREATING' | 'UPDATING' | undefined {
  return table?.change && now.getTime() < table.change.until ? table.change.status : undefined;
}

/** @throws AwsError ResourceNotFoundException for a table that is still being made */
export function expectReady(table: Table | undefined, now: Date): void {
  if (changeOf(table, now) !== 'CREATING') return;
  throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
}

export const validation = (message: string) => new AwsError('ValidationException', message);

export function tableNotFound(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
}

/** A table is named by its name or its ARN. */
export function tableName(nameOrArn: string | undefined): string {
  return /^arn:[^:]+:dynamodb:[^:]*:\d{12}:table\/([^/]+)/.exec(nameOrArn ?? '')?.[1] ?? nameOrArn ?? '';
}

export function tableArn({ region, accountId }: Pick<Call, 'region' | 'accountId'>, nameOrArn: string | undefined) {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${tableName(nameOrArn)}`;
}

export class Tables {
  readonly #byArn = new Map<string, Table>();

  add(table: Table): void {
    this.#byArn.set(table.arn, table);
  }

  find(call: Pick<Call, 'region' | 'accountId'>, nameOrArn: string | undefined): Table | undefined {
    return this.#byArn.get(tableArn(call, nameOrArn));
  }

  /** @throws AwsError ResourceNotFoundException */
  require(call: Pick<Call, 'region' | 'accountId'>, nameOrArn: string | undefined): Table {
    const table = this.find(call, nameOrArn);
    if (!table) throw tableNotFound(tableName(nameOrArn));
    return table;
  }

  remove(table: Table): void {
    this.#byArn.delete(table.arn);
  }

  clear(): void {
    this.#byArn.clear();
  }
}
