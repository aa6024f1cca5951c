import { describe, expect, test } from 'vitest'
import { parseContainerId } from '../../src/procfs/processes.ts'

const ID = 'a1b2c3d4'.repeat(8)
const INNER = '99887766'.repeat(8)

describe('the container of a cgroup', () => {
  const cases: { name: string; cgroup: string; gives: string | undefined }[] = [
    { name: 'nothing', cgroup: '', gives: undefined },
    { name: 'a line without a path', cgroup: '0:', gives: undefined },
    { name: 'a service of the host', cgroup: '0::/system.slice/greengrass.service\n', gives: undefined },
    { name: 'a digest that is too short', cgroup: `0::/docker/${ID.slice(1)}`, gives: undefined },
    { name: 'a digest that is too long', cgroup: `0::/docker/${ID}0`, gives: undefined },
    { name: "podman's monitor", cgroup: `0::/machine.slice/libpod-conmon-${ID}.scope`, gives: undefined },
    { name: "CRI-O's monitor", cgroup: `0::/kubepods.slice/crio-conmon-${ID}.scope`, gives: undefined },
    {
      name: 'Docker, cgroup v1',
      cgroup: `12:pids:/docker/${ID}\n11:cpu,cpuacct:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`,
      gives: ID,
    },
    { name: 'Docker, systemd', cgroup: `0::/system.slice/docker-${ID}.scope\n`, gives: ID },
    { name: 'Docker, cgroup v2 without systemd', cgroup: `0::/docker/${ID}\n`, gives: ID },
    {
      name: 'containerd of Kubernetes',
      cgroup: `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f.slice/cri-containerd-${ID}.scope`,
      gives: ID,
    },
    {
      name: 'a pod of cgroup v1',
      cgroup: `5:memory:/kubepods/besteffort/pod1b5e-aa/${ID}`,
      gives: ID,
    },
    { name: 'containerd with a colon', cgroup: `3:cpu:/system.slice:docker:/${ID}`, gives: ID },
    { name: 'podman', cgroup: `0::/machine.slice/libpod-${ID}.scope/container`, gives: ID },
    {
      name: 'one hierarchy of several',
      cgroup: `4:devices:/user.slice\n3:memory:/docker/${ID}\n0::/`,
      gives: ID,
    },
    {
      name: 'a container in a container: the inner one',
      cgroup: `0::/docker/${ID}/docker/${INNER}`,
      gives: INNER,
    },
  ]
  test.each(cases)('$name', ({ cgroup, gives }) => {
    expect(parseContainerId(cgroup)).toBe(gives)
  })
})
