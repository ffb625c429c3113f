/**
 * ActionTrail-like audit logs: topic `actiontrail_audit_event`, one field `event` that holds about 1.5 KB of JSON
 * (the shape of the ActionTrail reference, "Event structure").
 */
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

interface AuditedCall {
  readonly eventName: string;
  readonly serviceName: string;
  readonly eventRW: 'Read' | 'Write';
  readonly resourceType: string;
}

const CALLS: readonly AuditedCall[] = [
  { eventName: 'RunInstances', serviceName: 'Ecs', eventRW: 'Write', resourceType: 'ACS::ECS::Instance' },
  { eventName: 'DescribeInstances', serviceName: 'Ecs', eventRW: 'Read', resourceType: 'ACS::ECS::Instance' },
  {
    eventName: 'AuthorizeSecurityGroup',
    serviceName: 'Ecs',
    eventRW: 'Write',
    resourceType: 'ACS::ECS::SecurityGroup',
  },
  { eventName: 'CreateUser', serviceName: 'Ram', eventRW: 'Write', resourceType: 'ACS::RAM::User' },
  { eventName: 'AttachPolicyToUser', serviceName: 'Ram', eventRW: 'Write', resourceType: 'ACS::RAM::Policy' },
  { eventName: 'ConsoleSignin', serviceName: 'AasCustomer', eventRW: 'Write', resourceType: 'ACS::RAM::User' },
  { eventName: 'PutBucketAcl', serviceName: 'Oss', eventRW: 'Write', resourceType: 'ACS::OSS::Bucket' },
  { eventName: 'AssumeRole', serviceName: 'Sts', eventRW: 'Write', resourceType: 'ACS::RAM::Role' },
];
const REGIONS = ['cn-hangzhou', 'cn-shanghai', 'cn-beijing', 'ap-southeast-1', 'eu-central-1'];
const ACCOUNT_ID = '1234567890123456';

export function createAuditProfile(): Profile {
  return {
    name: 'audit',
    logsPerGroup: 80,
    writeLog(writer, random, timeS) {
      writer.beginLog(timeS);
      writer.field('event', JSON.stringify(createEvent(random, timeS)));
    },
    groupMeta: () => ({ topic: 'actiontrail_audit_event', source: 'actiontrail' }),
  };
}

function createEvent(random: Random, timeS: number): object {
  const call = random.pick(CALLS);
  const region = random.pick(REGIONS);
  const user = `operator-${random.int(40)}`;
  const service = call.serviceName.toLowerCase();
  const resourceName = `${service}-${id(random)}`;
  const time = new Date(timeS * 1000).toISOString().replace('.000', '');
  const failed = random.oneIn(12);
  return {
    eventId: uuid(random),
    eventVersion: '1',
    eventType: call.eventName === 'ConsoleSignin' ? 'ConsoleSignin' : 'ApiCall',
    eventName: call.eventName,
    eventSource: `${service}.${region}.aliyuncs.com`,
    eventTime: time,
    eventRW: call.eventRW,
    eventCategory: 'Management',
    serviceName: call.serviceName,
    apiVersion: '2014-05-26',
    acsRegion: region,
    requestId: uuid(random).toUpperCase(),
    sourceIpAddress: `203.0.113.${random.int(255)}`,
    userAgent: 'AlibabaCloud (Linux; amd64) Java/1.8.0_152-b187 Core/4.5.20 HTTPClient/ApacheHttpClient',
    recipientAccountId: ACCOUNT_ID,
    resourceType: call.resourceType,
    resourceName,
    referencedResources: { [call.resourceType]: [resourceName] },
    userIdentity: {
      type: 'ram-user',
      principalId: String(28_000_000_000_000_000 + random.int(1e9)),
      accountId: ACCOUNT_ID,
      userName: user,
      accessKeyId: `LTAI-EXAMPLE-${id(random)}`,
      sessionContext: { attributes: { creationDate: time, mfaAuthenticated: String(random.oneIn(2)) } },
    },
    requestParameters: {
      AcsHost: `${service}.${region}.aliyuncs.com`,
      AcsProduct: call.serviceName,
      RegionId: region,
      RequestId: uuid(random).toUpperCase(),
      HostId: `${service}.${region}.aliyuncs.com`,
      ResourceName: resourceName,
      Description: `changed by ${user}: "maintenance window" \\ ticket #${random.int(100_000)}`,
      SecurityGroupId: `sg-${id(random)}`,
      VSwitchId: `vsw-${id(random)}`,
    },
    responseElements: failed ? null : { RequestId: uuid(random).toUpperCase(), ResourceId: `i-${id(random)}` },
    ...(failed && {
      errorCode: 'Forbidden.RAM',
      errorMessage: 'User not authorized to operate on the specified resource.',
    }),
    isGlobal: false,
  };
}

function id(random: Random): string {
  return (
    random.int(0x1_0000_0000).toString(36).padStart(7, '0') + random.int(0x1_0000_0000).toString(36).padStart(7, '0')
  );
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 4 }, () => random.int(0x1_0000_0000).toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
