package prom

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// describe tells what the series of a page are: their names and labels. They are written
// as in page. What a line means is for Prometheus' own parser to say, which is shown each
// with its position as the value. There are no types in them, so that the parts of
// histograms and summaries are series like any other. A panic of the parser is an error
// like any other.
func describe(series []byte) (metrics []model.Metric, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			metrics, err = nil, fmt.Errorf("parser: %v", cause)
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(numbered(series)))
	if err != nil {
		return nil, err
	}
	metrics = make([]model.Metric, bytes.Count(series, []byte("\n")))
	for _, family := range families {
		samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, family)
		if err != nil {
			return nil, err
		}
		for _, sample := range samples {
			tidy(sample.Metric)
			metrics[int(sample.Value)] = sample.Metric
		}
	}
	for _, metric := range metrics {
		if metric == nil {
			return nil, errors.New("parser: a series is missing")
		}
	}
	return metrics, nil
}

// numbered writes its position behind each series.
func numbered(series []byte) []byte {
	text := make([]byte, 0, 2*len(series))
	position := int64(0)
	for one := range bytes.Lines(series) {
		text = append(append(text, one[:len(one)-1]...), ' ')
		text = append(strconv.AppendInt(text, position, 10), '\n')
		position++
	}
	return text
}

// tidy leaves one way to write a label: one without a value is none, and bounds of
// histograms and summaries, which are 1 in one format and 1.0 in the other, are numbers.
func tidy(metric model.Metric) {
	for name, value := range metric {
		if value == "" {
			delete(metric, name)
		} else {
			metric[name] = model.LabelValue(tidyValue(string(name), string(value)))
		}
	}
}

func tidyValue(label, value string) string {
	if label != model.BucketLabel && label != model.QuantileLabel {
		return value
	}
	bound, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return value
	}
	return strconv.FormatFloat(bound, 'g', -1, 64)
}

func carries(metric model.Metric, labels map[string]string) bool {
	for name, value := range labels {
		if string(metric[model.LabelName(name)]) != tidyValue(name, value) {
			return false
		}
	}
	return true
}
