import { AwsError } from '../../cloud.ts';
import { between, check, longest, oneOf, pattern, shortest } from '../constraints.ts';

const name = [shortest(1), longest(512), pattern('[\\.\\-_/#A-Za-z0-9]+')] as const;
const stream = [shortest(1), longest(512), pattern('[^:*]*')] as const;
const MOST_PAGE_EVENTS = 10_000;
const MOST_PAGE_ITEMS = 50;

export function invalid(message: string, cause?: unknown): AwsError {
  return new AwsError('InvalidParameterException', message, { cause });
}

/**
 * Lengths, patterns and enumerations of what requests share, in the words of CloudWatch Logs.
 * @throws AwsError InvalidParameterException
 */
export function checkMembers(input: any, paging: 'events' | 'items' = 'items'): void {
  try {
    check(
      ['logGroupName', input.logGroupName, ...name],
      ['logGroupNamePrefix', input.logGroupNamePrefix, ...name],
      ['logGroupNamePattern', input.logGroupNamePattern, longest(512), pattern('[\\.\\-_/#A-Za-z0-9]*')],
      ['logGroupIdentifier', input.logGroupIdentifier, shortest(1), longest(2048), pattern('[\\w#+=/:,.@-]*')],
      ['logStreamName', input.logStreamName, ...stream],
      ['logStreamNamePrefix', input.logStreamNamePrefix, ...stream],
      ['logStreamNames', input.logStreamNames, shortest(1), longest(100)],
      ['logGroupClass', input.logGroupClass, oneOf('STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY')],
      ['orderBy', input.orderBy, oneOf('LogStreamName', 'LastEventTime')],
      ['filterPattern', input.filterPattern, longest(1024)],
      ['logEventMessages', input.logEventMessages, shortest(1), longest(50)],
      ['logEvents', input.logEvents, shortest(1), longest(10_000)],
      ['nextToken', input.nextToken, shortest(1)],
      ['limit', input.limit, between(1, paging === 'events' ? MOST_PAGE_EVENTS : MOST_PAGE_ITEMS)],
    );
  } catch (error) {
    if (error instanceof AwsError) throw invalid(error.message, error);
    throw error;
  }
}
