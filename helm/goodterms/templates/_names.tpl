{{- define "goodterms.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 48 | trimSuffix "-" -}}
{{- end -}}

{{- define "goodterms.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains (include "goodterms.name" .) .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "goodterms.name" .) | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Everything of this release, whatever its component: what the default-deny policy selects. */}}
{{- define "goodterms.releaseSelector" -}}
app.kubernetes.io/name: {{ include "goodterms.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Call with (list $ "web"); the component is part of every selector, so no two Deployments fight for a pod. */}}
{{- define "goodterms.selector" -}}
{{ include "goodterms.releaseSelector" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Call with (list $ "web"). */}}
{{- define "goodterms.labels" -}}
{{- $root := index . 0 -}}
{{ include "goodterms.selector" . }}
app.kubernetes.io/part-of: goodterms
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }}
{{- end -}}

{{- define "goodterms.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "goodterms.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* A digest wins over a tag: what was tried is then exactly what runs. */}}
{{- define "goodterms.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "goodterms.documentsClaim" -}}
{{- default (printf "%s-documents" (include "goodterms.fullname" .)) .Values.documents.existingClaim -}}
{{- end -}}
