/** Rows of the table in settings.ts: where the logs come from, and as whom they are read. */
import { oneOf, plainText } from '../../schema/text.ts';
import { derived, hidden, optional, required } from './setting.ts';
import { credential, endpoint, logstoreName, maskEndpoint, projectName, regionId } from './values.ts';

/** A key id is no secret, but nobody needs all of it to tell which one it is. */
const shortened = (text: string) => (text.length > 8 ? `${text.slice(0, 4)}…` : '…');

export const serviceSettings = {
  endpoint: required(endpoint, {
    group: 'service',
    variables: ['SLS_ENDPOINT'],
    placeholder: '<host>',
    description: 'endpoint of the region, such as cn-hangzhou.log.aliyuncs.com; https unless it begins with http://',
    mask: maskEndpoint,
  }),
  project: required(projectName, {
    group: 'service',
    variables: ['SLS_PROJECT'],
    placeholder: '<name>',
    description: 'project that holds the logstore',
  }),
  logstore: required(logstoreName, {
    group: 'service',
    variables: ['SLS_LOGSTORE'],
    placeholder: '<name>',
    description: 'logstore to ship',
  }),
  accessKeyId: required(credential, {
    group: 'service',
    variables: ['SLS_AK_ID'],
    description: 'AccessKey id; environment or file only',
    noFlag: true,
    mask: shortened,
  }),
  accessKeySecret: required(credential, {
    group: 'service',
    variables: ['SLS_AK_KEY'],
    description: 'AccessKey secret; environment or file only, since a flag would show in ps',
    noFlag: true,
    mask: hidden,
  }),
  stsToken: optional(credential, {
    group: 'service',
    variables: ['SLS_STS_TOKEN'],
    description: 'security token of temporary (STS) credentials; environment or file only',
    noFlag: true,
    mask: hidden,
  }),
  signVersion: derived(oneOf('v1', 'v4'), 'v4 where the region is known, else v1', {
    group: 'service',
    variables: ['SLS_SIGN_VERSION'],
    placeholder: '<v1|v4>',
    description: 'version of the request signature',
  }),
  region: derived(regionId, 'from the endpoint', {
    group: 'service',
    variables: ['SLS_REGION'],
    placeholder: '<id>',
    description: 'region, such as cn-hangzhou, for the v4 signature',
  }),
  query: optional(plainText, {
    group: 'service',
    variables: ['SLS_QUERY'],
    placeholder: '<spl>',
    description:
      "SPL by which the service filters and shapes logs before they are pulled, such as * | where status = '500'",
  }),
} as const;
