{{/*
The pieces every pod shares. Nobody here needs root, a writable disk, the Kubernetes API or a capability.
*/}}
{{- define "goodterms.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "goodterms.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop:
    - ALL
{{- end -}}

{{/*
Call with (list $ (list "databaseUrl" "redisUrl")): the named secrets and no others reach the pod. GOODTERMS_DATABASE_URL
always names the role that the process is, so the address of workers and dispatcher is given under that name too.
*/}}
{{- define "goodterms.secretEnv" -}}
{{- $root := index . 0 -}}
{{- range $key := index . 1 }}
{{- include "goodterms.secretVariable" (list $root ($key | snakecase | upper) $key) }}
{{- if has $key (list "workerDatabaseUrl" "dispatchDatabaseUrl") }}
{{- include "goodterms.secretVariable" (list $root "DATABASE_URL" $key) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "goodterms.secretVariable" -}}
{{- $root := index . 0 -}}
{{- $key := index . 2 -}}
{{- $values := $root.Values.secrets -}}
{{- $owner := eq $key "ownerDatabaseUrl" -}}
{{- $made := ternary (printf "%s-owner" (include "goodterms.fullname" $root)) (include "goodterms.fullname" $root) $owner -}}
{{- $kept := ternary $values.existingOwnerSecret $values.existingSecret $owner }}
- name: GOODTERMS_{{ index . 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ ternary $made $kept $values.create }}
      key: {{ index $values.keys $key }}
{{- end -}}

{{/*
enableServiceLinks is off because a Service called "goodterms" would put GOODTERMS_PORT and GOODTERMS_SERVICE_HOST
into every pod, right among our own settings.
*/}}
{{- define "goodterms.podCommon" -}}
serviceAccountName: {{ include "goodterms.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "goodterms.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "goodterms.scratch" -}}
- name: scratch
  emptyDir:
    sizeLimit: 2Gi
{{- end -}}

{{/* A process without a port shows life by touching a file; older than a minute means stuck or dead. */}}
{{- define "goodterms.heartbeatProbes" -}}
{{- $fresh := list "/bin/sh" "-c" "test -n \"$(find /tmp/heartbeat -mmin -1)\"" -}}
startupProbe:
  exec:
    command: {{ toJson $fresh }}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 24
livenessProbe:
  exec:
    command: {{ toJson $fresh }}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  exec:
    command: {{ toJson $fresh }}
  periodSeconds: 20
  timeoutSeconds: 5
{{- end -}}

{{- define "goodterms.webProbes" -}}
{{- $host := (urlParse .Values.settings.publicUrl).host -}}
{{- range $probe, $path := dict "startupProbe" "/startupz" "livenessProbe" "/livez" "readinessProbe" "/readyz" }}
{{ $probe }}:
  httpGet:
    path: {{ $path }}
    port: http
    httpHeaders:
      - name: Host
        value: {{ $host | quote }}
  periodSeconds: {{ ternary 2 10 (eq $probe "startupProbe") }}
  timeoutSeconds: 3
  failureThreshold: {{ ternary 60 3 (eq $probe "startupProbe") }}
{{- end }}
{{- end -}}
